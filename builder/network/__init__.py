"""The way out: mirrors, HTTP, what a registry's pages say. Only `sources` and `fetch` use it to get something."""
