"""RUN: assemble what is known and who speaks, keep them alive, remember."""
