"""The public contract of residents: commands in, views out, events out."""
