"""The HTTP gateway: it knows services only through their specs."""
