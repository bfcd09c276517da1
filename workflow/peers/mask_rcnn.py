"""torchvision's Mask R-CNN with ResNet-50 and a feature pyramid, from random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import peer
import torch
from torchvision.models.detection import maskrcnn_resnet50_fpn

ZOOM = 1.5  # as the run's own network sees its images; its default, 800 px, takes 11 times as long
IMAGES_A_STEP = 2  # these and the next as in torchvision's reference training, for one GPU
RATE, MOMENTUM, DECAY = 0.0025, 0.9, 1e-4
LOWER_AT = (16 / 26, 22 / 26)  # of its 26 epochs, to a tenth each
WARMUP_STEPS = 1000


def _network() -> torch.nn.Module:
    return maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=2,
        max_size=10_000,
        box_detections_per_img=peer.AT_MOST,
        box_score_thresh=peer.LEAST_SCORE,
    )


def _tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 255).expand(3, *pixels.shape)


def _target(masks: np.ndarray) -> dict[str, torch.Tensor]:
    boxes = []
    for mask in masks:
        rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return {
        "boxes": torch.tensor(np.array(boxes, dtype=np.float32).reshape(-1, 4)),
        "labels": torch.ones(len(masks), dtype=torch.int64),
        "masks": torch.from_numpy(masks.astype(np.uint8)),
    }


def train(samples: list[peer.Sample], budget: peer.Budget, seed: int, folder: Path) -> peer.Facts:
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    samples = [sample for sample in samples if len(sample.masks)]
    model = _network().train()
    model.transform.min_size = (round(min(samples[0].pixels.shape) * ZOOM),)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY)
    steps, order = 0, []
    while not budget.over():
        if len(order) < IMAGES_A_STEP:
            order = list(random.permutation(len(samples)))
        batch = [samples[order.pop()] for _ in range(IMAGES_A_STEP)]
        images, masks = [sample.pixels for sample in batch], [sample.masks for sample in batch]
        for number in range(IMAGES_A_STEP):
            if random.random() < 0.5:  # its only augmentation
                images[number] = images[number][:, ::-1].copy()
                masks[number] = masks[number][:, :, ::-1].copy()
        done = budget.spent() / budget.seconds
        warm = min(1.0, 0.001 + steps / WARMUP_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = RATE * warm * 0.1 ** sum(done >= share for share in LOWER_AT)
        losses = model([_tensor(it) for it in images], [_target(it) for it in masks])
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
        steps += 1
    torch.save(model.state_dict(), folder / "model.pth")
    return {
        "steps": steps,
        "parameters": sum(it.numel() for it in model.parameters()),
    }


def load(folder: Path) -> peer.Segment:
    model = _network().eval()
    model.load_state_dict(torch.load(folder / "model.pth", weights_only=True))

    @torch.inference_mode()
    def segment(pixels: np.ndarray) -> list[peer.Found]:
        model.transform.min_size = (round(min(pixels.shape) * ZOOM),)
        found = model([_tensor(pixels)])[0]
        return [
            peer.Found(mask[0].numpy() >= 0.5, float(score))
            for mask, score in zip(found["masks"], found["scores"], strict=True)
        ]

    return segment


if __name__ == "__main__":
    peer.main(train, load, package="torchvision")
