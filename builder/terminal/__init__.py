"""What a person at a terminal sees: the log, the progress bar, the options."""
