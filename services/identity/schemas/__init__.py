"""The public contract of identity: commands in, views out, events out."""
