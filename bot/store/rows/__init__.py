"""Rows and what they hold."""
