"""What is to be known of the files that a lock pins before one trusts or publishes what is made of them."""
