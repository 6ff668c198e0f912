"""PyTorch. Only a worker imports what lies here: `backend` first, which sets the process up."""
