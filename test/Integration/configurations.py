# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The configurations of the numeric suite: the axes, a choice of them that
covers every pair of values, and the full product. Nothing here runs a kernel.

    configurations.py            lists the choice for each chip
    configurations.py --check    fails unless every possible pair is covered
"""

import itertools
import random
import sys

CHIPS = ("gfx950", "gfx942")
LDS = {"gfx950": 160 * 1024, "gfx942": 64 * 1024}

# Name of the axis -> values. K and N have tails of every tile (32, 96, 160,
# 288, 416), one tile, several tiles, and odd numbers of tiles.
AXES = {
    "tile_m": (16, 32, 64),
    "tile_n": (64, 128, 256),
    "tile_k": (128, 256, 512),
    "k": (32, 96, 160, 256, 288, 416, 896),
    "n": (32, 96, 160, 256, 416),
    "out": ("bf16", "f16", "f32"),
    "accumulate": (True, False),
    "weight": (True, False),
    "bias": (True, False),
    "cache": ("default", "nt"),
    "rows": ("one", "tile", "tile+1", "sparse", "skewed", "robin", "three"),
}


def routing(rows, tile_m):
    """tokens, experts, topk, routing of a value of the axis `rows`."""
    return {
        # A single expert with a single row.
        "one": (1, 1, 1, "uniform"),
        # Expert 0 has exactly a block of rows, or a block and one row.
        "tile": (tile_m, 5, 2, "one-expert"),
        "tile+1": (tile_m + 1, 5, 2, "one-expert"),
        # Most experts have no row.
        "sparse": (3, 16, 4, "uniform"),
        "skewed": (41, 6, 3, "skewed"),
        "robin": (24, 8, 2, "round-robin"),
        # Every token goes to all experts.
        "three": (2 * tile_m + 5, 3, 3, "uniform"),
    }[rows]


def possible(chip, config):
    """Whether the chip's LDS holds the configuration: two A tiles of bf16, or
    the tile of the output."""
    tiles = 4 * config["tile_m"] * config["tile_k"]
    shuffle = 4 * config["tile_m"] * config["tile_n"]
    return max(tiles, shuffle) <= LDS[chip]


# What the full product leaves to chance: which tokens go where, N, the cache
# policy. K stays an axis of it: its tails and tile counts meet every tile.
DRAWN = ("n", "cache", "rows")


def product(chip):
    """Every possible combination of the axes, those of DRAWN at random."""
    rng = random.Random(3)
    axes = {axis: values for axis, values in AXES.items() if axis not in DRAWN}
    for values in itertools.product(*axes.values()):
        config = dict(zip(axes, values))
        config.update({axis: rng.choice(AXES[axis]) for axis in DRAWN})
        if possible(chip, config):
            yield config


def pairs_of(config):
    return set(itertools.combinations(sorted(config.items(), key=str), 2))


def possible_pairs(chip):
    """Every pair of values that some possible configuration has."""
    base = {"tile_m": 16, "tile_n": 64, "tile_k": 128}
    wanted = set()
    for a, b in itertools.combinations(AXES, 2):
        for x, y in itertools.product(AXES[a], AXES[b]):
            config = dict(base)
            config.update({a: x, b: y})
            if possible(chip, config):
                wanted.add(tuple(sorted(((a, x), (b, y)), key=str)))
    return wanted


def cover(chip):
    """A small list of configurations with every possible pair of values:
    greedy, each configuration the best of a few dozen random ones that start
    from an uncovered pair. The same list on every run."""
    rng = random.Random(2)
    wanted = possible_pairs(chip)
    chosen = []
    while wanted:
        best, best_new = None, -1
        seeds = sorted(wanted, key=str)
        for _ in range(60):
            config = {axis: rng.choice(values) for axis, values in AXES.items()}
            config.update(dict(rng.choice(seeds)))
            if not possible(chip, config):
                continue
            new = len(pairs_of(config) & wanted)
            if new > best_new:
                best, best_new = config, new
        if best is not None and best_new > 0:
            chosen.append(best)
            wanted -= pairs_of(best)
    return chosen


def name_of(config):
    flags = "".join(
        letter if config[axis] else "-"
        for letter, axis in (("a", "accumulate"), ("w", "weight"), ("b", "bias"))
    )
    return (
        f"{config['tile_m']}x{config['tile_n']}x{config['tile_k']}"
        f"-k{config['k']}-n{config['n']}-{config['out']}-{flags}"
        f"-{config['cache']}-{config['rows']}"
    )


def command_of(chip, config, seed=0):
    """The arguments of moe-run."""
    tokens, experts, topk, route = routing(config["rows"], config["tile_m"])
    args = ["gemm2", "--chip", chip,
            "--tile", f"{config['tile_m']}x{config['tile_n']}x{config['tile_k']}",
            "--model-dim", str(config["n"]), "--inter-dim", str(config["k"]),
            "--experts", str(experts), "--topk", str(topk),
            "--tokens", str(tokens), "--routing", route,
            "--out-type", config["out"], "--cache", config["cache"],
            "--seed", str(seed)]
    args += [] if config["accumulate"] else ["--no-accumulate"]
    args += [] if config["weight"] else ["--no-weight"]
    args += ["--bias"] if config["bias"] else []
    return args


def main():
    for chip in CHIPS:
        chosen = cover(chip)
        missing = possible_pairs(chip)
        for config in chosen:
            if not possible(chip, config):
                sys.exit(f"{chip}: impossible configuration {name_of(config)}")
            missing -= pairs_of(config)
        if missing:
            sys.exit(f"{chip}: {len(missing)} pairs are not covered, "
                     f"for instance {sorted(missing, key=str)[0]}")
        if "--check" not in sys.argv[1:]:
            for config in chosen:
                print(chip, name_of(config))
        print(f"{chip}: {len(chosen)} configurations cover every pair of "
              f"{len(AXES)} axes")


if __name__ == "__main__":
    main()
