"""What goes out to Kubernetes."""
