"""Keys that recipes of earlier versions had, and what took their place."""

RENAMED: dict[str, str] = {
    "fidelity": "finetune",
    "data.flips": "data.flip_rotate",
    "data.shrunk": "data.downscales",
    "data.smooth": "data.min_gradient",
    "gan.head": 'gan.discriminator ("paper" for "dense")',
    "gan.width": "gan.discriminator_width",
    "gan.discriminator_rate": "gan.discriminator_learning_rate",
    "gan.momentum": "gan.beta_1",
    "gan.content": "gan.losses.content",
    "gan.adversarial": "gan.losses.adversarial",
    "gan.pixel": "gan.losses.mse (4 times the old weight: images are in [0, 1])",
    "gan.consistency": "gan.losses.lr_consistency (4 times the old weight: images are in [0, 1])",
    **{
        f"{phase}.{old}": f"{phase}.{new}"
        for phase in ("pretrain", "finetune", "gan")
        for old, new in (("rate", "learning_rate"), ("clip", "clip_norm"), ("loss", "losses = {l1 = 1.0}"))
    },
}
