"""Scripts that run in the sandbox. They import the standard library and each other by bare name, never builder."""
