"""What can be read from a text alone: addresses, a server's words, quotes, paragraphs."""
