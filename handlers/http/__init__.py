"""What is spoken over HTTP: what a request holds, and calls to the outside."""
