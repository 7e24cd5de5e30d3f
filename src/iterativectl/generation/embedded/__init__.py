"""The embedded painter: classical edits without a diffusion model, driven by the prompt's words."""
