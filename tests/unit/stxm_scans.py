"""Scans as X-ray microscopes write them: SDF and NeXus."""

import numpy as np

ENERGIES = (527.0, 529.8, 531.0)
STACK = np.random.default_rng(0).integers(100, 1000, (3, 12, 10)).astype(np.uint16)

HEADER = """ScanDefinition = {{ Label = "532_1.hdr"; Type = "{kind}"; Flags = "Image Stack";
	Dwell = 1;
\tRegions = ({regions},
{{
\t\t\tPAxis =
{{ Name = "Sample X"; Unit = "um"; Min = -1; Max = -0.685; Dir = 1;
\tPoints = ({width}, {x});
}};
\t\t\tQAxis =
{{ Name = "Sample Y"; Unit = "um"; Min = 2; Max = 2.44; Dir = -1;
\tPoints = (12, {y});
}};
}}{more});

\tStackAxis =
{{ Name = "Energy"; Unit = "eV"; Min = 527; Max = 531; Dir = -1;
\tPoints = ({count}, {energies});
}};

\tChannels = (1,
{{ Name = "counter0"; Unit = "Hz";}});
}};
 Time = "2009 Apr 01(Wed) 10:00:00"; BeamFeedback = false; ShutterAutomatic = true;
Image000_0 = {{StorageRingCurrent = 400.1; Energy = 527; Time = "2009 Apr 01"; ZP_dest = -1.5e3;}};
"""


def write_sdf(folder, stack=STACK, *, kind="NEXAFS Image Scan", regions=1, more="", width=10):
    header = HEADER.format(
        kind=kind,
        regions=regions,
        more=more,
        width=width,
        x=", ".join(f"{-1 + 0.035 * i:.4f}" for i in range(10)),
        y=", ".join(f"{2 + 0.04 * i:.4f}" for i in range(12)),
        count=len(stack),
        energies=", ".join(str(energy) for energy in ENERGIES[: len(stack)]),
    )
    (folder / "scan.hdr").write_text(header)
    for page, pixels in enumerate(stack):
        name = "scan_a.xim" if len(stack) == 1 else f"scan_a{page:03d}.xim"
        rows = ["\t".join(str(value) for value in row) + "\t\n" for row in pixels]
        (folder / name).write_text("".join(rows))
    return folder / "scan.hdr"


def write_nexus(path, *, detectors=("counter0",), default=None, axes=None, stack=STACK, units="um"):
    import h5py

    with h5py.File(path, "w") as file:
        entry = file.create_group("entry1")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXstxm"
        if default:
            entry.attrs["default"] = default
        for number, name in enumerate(detectors):
            group = entry.create_group(name)
            group.attrs["NX_class"] = b"NXdata"
            group.attrs["signal"] = "data"
            if axes:
                group.attrs["axes"] = axes
            group["data"] = stack + number
            group["energy"] = np.array(ENERGIES)
            group["energy"].attrs["units"] = "eV"
            group["sample_x"] = 1 + 0.035 * np.arange(10)
            group["sample_y"] = -3 - 0.04 * np.arange(12)
            for side in "xy":
                group[f"sample_{side}"].attrs["units"] = units
    return path
