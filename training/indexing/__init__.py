"""From latents to a bundle: scaler, neighbours, clusters, files."""
