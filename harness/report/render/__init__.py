"""How a page looks in each format. What it says is settled before (`harness.report.content`)."""
