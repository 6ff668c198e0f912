"""Scripts that show, with made-up and with real measurements, that verdicts hold on a noisy machine."""
