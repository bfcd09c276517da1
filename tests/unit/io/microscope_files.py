"""Small files as microscopes write them, made byte by byte."""

import struct

import numpy as np

# -- DigitalMicrograph: nested dicts become groups of tags, arrays and numbers values --------------

DM_TYPES = {"i2": 1, "f4": 2, "c8": 3, "u1": 6, "i4": 7, "u2": 10, "u4": 11, "f8": 12}
TAG_TYPES = {"i2": 2, "i4": 3, "u2": 4, "u4": 5, "f4": 6, "f8": 7, "i1": 9, "u1": 10, "i8": 11}


def dm_image(pixels, *, scales=(1.0, 1.0), units=("", ""), kind=None):
    """The tags of one image; scales and units in the order x, y, …"""
    sides = pixels.shape[::-1] if kind is None else pixels.shape[-2::-1]
    dimension = [
        {"Origin": np.float32(0), "Scale": np.float32(scale), "Units": unit}
        for scale, unit in zip(scales, units, strict=True)
    ]
    return {
        "ImageData": {
            "Calibrations": {
                "Brightness": {"Scale": np.float32(1), "Units": "e-"},
                "Dimension": dimension,
            },
            "Data": pixels,
            "DataType": np.uint32(kind or DM_TYPES[pixels.dtype.str[1:]]),
            "Dimensions": [np.uint32(side) for side in sides],
            "PixelDepth": np.uint32(pixels.dtype.itemsize),
        },
        "ImageTags": {"Acquisition": {"Device": {"Name": "camera"}}},
        "Name": "wires",
    }


THUMBNAIL = dm_image(np.zeros((16, 16, 4), np.uint8), kind=23)


def dm_bytes(images, version=3, *, order="<", more=None):
    """A whole file; images: from dm_image, the thumbnail first, as the program writes it."""
    word = "q" if version == 4 else "i"
    tree = {
        "DocumentObjectList": [{"AnnotationType": np.int32(20), "Rectangle": (0.0, 0.0, 9.0, 9.0)}],
        "ImageList": list(images),
        "Thumbnails": [{"ImageIndex": np.uint32(0), "SourceSize_Pixels": [np.int32(9)]}],
        **(more or {}),
    }
    body = dm_group(tree, version, word, order)
    little = int(order == "<")
    return struct.pack(f">i{word}i", version, len(body), little) + body + bytes(8)


def dm_group(tree, version, word, order):
    items = tree.items() if isinstance(tree, dict) else (("", item) for item in tree)
    body = b""
    count = 0
    for name, value in items:
        count += 1
        group = isinstance(value, (dict, list))
        content = (dm_group if group else dm_value)(value, version, word, order)
        length = struct.pack(">q", len(content)) if version == 4 else b""
        name = name.encode("latin-1")
        body += struct.pack(">BH", 20 if group else 21, len(name)) + name + length + content
    return struct.pack(f">BB{word}", 0, 0, count) + body


def dm_value(value, version, word, order):
    if isinstance(value, str):
        value = np.frombuffer(value.encode("utf-16-le"), "<u2")
    if isinstance(value, tuple):  # a structure of float32
        info = [15, 0, len(value), *(number for _ in value for number in (0, 6))]
        content = struct.pack(f"{order}{len(value)}f", *value)
    elif np.ndim(value):
        code = value.dtype.str[1:]
        if code.startswith("c"):
            info = [20, 15, 0, 2, 0, 6, 0, 6, value.size]
        else:
            info = [20, TAG_TYPES[code], value.size]
        content = value.astype(value.dtype.newbyteorder(order)).tobytes()
    else:
        info = [TAG_TYPES[value.dtype.str[1:]]]
        value = np.asarray(value)
        content = value.astype(value.dtype.newbyteorder(order)).tobytes()
    return b"%%%%" + struct.pack(f">{word}{len(info)}{word}", len(info), *info) + content


# -- MRC ------------------------------------------------------------------------------------------

MRC_MODES = {"i1": 0, "i2": 1, "f4": 2, "c8": 4, "u2": 6, "f2": 12}


def mrc_bytes(stack, *, order="<", cell=(0.0, 0.0), mode=None, mark=b"MAP ", extended=b"", **at):
    """A whole file; cell: width and height of the whole image in Å; at: bytes at offsets, by_N."""
    sections, rows, columns = stack.shape
    mode = MRC_MODES[stack.dtype.str[1:]] if mode is None else mode
    head = bytearray(1024)
    struct.pack_into(f"{order}4i", head, 0, columns, rows, sections, mode)
    struct.pack_into(f"{order}3i", head, 28, columns, rows, sections)
    struct.pack_into(f"{order}6f", head, 40, *cell, 1.0, 90, 90, 90)
    struct.pack_into(f"{order}i", head, 92, len(extended))
    head[208 : 208 + len(mark)] = mark
    head[212:216] = b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0"
    for name, content in at.items():
        offset = int(name.removeprefix("by_"))
        head[offset : offset + len(content)] = content
    return bytes(head) + extended + stack.astype(stack.dtype.newbyteorder(order)).tobytes()


# -- SER ------------------------------------------------------------------------------------------

SER_TYPES = {"u1": 1, "u2": 2, "u4": 3, "i1": 4, "i2": 5, "i4": 6, "f4": 7, "f8": 8, "c8": 9}


def ser_bytes(images, *, step_m=(5e-10, 4e-10), version=0x0210, total=None, kind=0x4122):
    """A whole file; step_m: (y, x); total: images that the series should have had."""
    total = len(images) if total is None else total
    word = "q" if version >= 0x0220 else "i"
    units = b"m"
    dimension = struct.pack("<iddii", total, 0.0, 1.0, 0, 0) + struct.pack("<i", 1) + units
    table = struct.calcsize(f"<3H4i{word}i") + len(dimension)
    head = struct.pack("<3H4i", 0x4949, 0x0197, version, kind, 0x4152, total, len(images))
    head += struct.pack(f"<{word}i", table, 1) + dimension
    start = table + 2 * total * struct.calcsize(f"<{word}")
    body, offsets = b"", []
    for image in images:
        offsets.append(start + len(body))
        height, width = image.shape
        body += struct.pack("<ddi", -1e-7, step_m[1], 0) + struct.pack("<ddi", -1e-7, step_m[0], 0)
        body += struct.pack("<hii", SER_TYPES[image.dtype.str[1:]], width, height) + image.tobytes()
    tags = [start + len(body) + 8 * number for number in range(len(images))]
    missing = [0] * (total - len(images))
    table_bytes = struct.pack(f"<{2 * total}{word}", *offsets, *missing, *tags, *missing)
    return head + table_bytes + body + struct.pack("<Hi", 0x4152, 1_600_000_000) * len(images)


# -- SXM ------------------------------------------------------------------------------------------

SXM = """:NANONIS_VERSION:
2
:SCANIT_TYPE:
              FLOAT            MSBFIRST
:SCAN_PIXELS:
       {width}       {height}
:SCAN_RANGE:
           {across:.6E}           {down:.6E}
:SCAN_DIR:
{direction}
:DATA_INFO:
\tChannel\tName\tUnit\tDirection\tCalibration\tOffset
{channels}
:SCANIT_END:


"""


def sxm_bytes(channels, *, range_m=(1e-6, 2e-6), direction="down"):
    """A whole file; channels: name to (forward, backward) arrays; range_m: (down, across)."""
    height, width = next(iter(channels.values()))[0].shape
    lines = [
        f"\t{number}\t{name}\tV\tboth\t1.000E+0\t0.000E+0" for number, name in enumerate(channels)
    ]
    head = SXM.format(
        width=width,
        height=height,
        down=range_m[0],
        across=range_m[1],
        direction=direction,
        channels="\n".join(lines),
    )
    pixels = [array.astype(">f4").tobytes() for pair in channels.values() for array in pair]
    return head.encode() + b"\x1a\x04" + b"".join(pixels)
