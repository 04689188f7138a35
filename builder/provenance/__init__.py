"""What is told of an artifact beside it: where each of its bytes comes from, and what it is made of."""
