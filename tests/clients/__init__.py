"""Clients that are generated from the document, each of which walks the README's tour: `./dev test clients`."""
