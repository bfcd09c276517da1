"""One job of any kind."""
