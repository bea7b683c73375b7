"""The wiring of kopf handlers and the reconcile loop."""
