"""What a release is made of, and the making of it."""
