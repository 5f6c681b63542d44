"""Duties (经常性工作): what has to be done again and again (handbook §5)."""
