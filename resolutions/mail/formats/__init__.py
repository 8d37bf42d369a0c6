"""How servers word their bounces for people to read."""
