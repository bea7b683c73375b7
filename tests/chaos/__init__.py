"""`make chaos`: whether the operator keeps its promises while everything around it breaks."""
