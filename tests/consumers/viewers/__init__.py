"""A browser, and the pages in it that draw traces and profiles."""
