// Masks as PNG files in base64, packed and unpacked here: exact to the pixel, whatever a browser does to canvases
// for privacy, and without a canvas as large as the picture. Layout: the PNG specification, third edition.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const ROWS = 256; // packed at a time, so that a large picture does not hold up the page

/** Bits as a PNG of one bit a pixel, in base64. */
export async function toPng({ width, height, data }) {
  const packer = new CompressionStream("deflate");
  const packed = new Response(packer.readable).arrayBuffer();
  const writer = packer.writable.getWriter();
  const stride = 1 + Math.ceil(width / 8); // a filter byte (none), then the pixels
  for (let y = 0; y < height; y += ROWS) {
    const rows = new Uint8Array(stride * Math.min(ROWS, height - y));
    for (let row = 0; row * stride < rows.length; row += 1) {
      const from = (y + row) * width, to = row * stride + 1;
      for (let x = 0; x < width; x += 1) if (data[from + x]) rows[to + (x >> 3)] |= 128 >> (x & 7);
    }
    await writer.write(rows);
  }
  await writer.close();
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head[8] = 1; // bits a pixel; the colour type stays 0: grey
  return toBase64([Uint8Array.from(SIGNATURE), chunk("IHDR", head), chunk("IDAT", new Uint8Array(await packed)),
    chunk("IEND", new Uint8Array())]);
}

/** A grey PNG of 1 or 8 bits, in base64: {width, height, data}, data 0-255 a pixel. */
export async function fromPng(text) {
  const file = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const view = new DataView(file.buffer);
  const parts = [];
  let head = null;
  for (let at = 8; at + 12 <= file.length;) {
    const length = view.getUint32(at), kind = String.fromCharCode(...file.subarray(at + 4, at + 8));
    if (kind === "IHDR") head = { width: view.getUint32(at + 8), height: view.getUint32(at + 12), bits: file[at + 16],
      colours: file[at + 17], laced: file[at + 20] };
    if (kind === "IDAT") parts.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  if (!head || head.colours || head.laced || ![1, 8].includes(head.bits)) throw new Error("not a PNG of a mask");
  const rows = new Uint8Array(await new Response(new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
  return { width: head.width, height: head.height, data: head.bits === 8
    ? unfiltered(rows, head)
    : spread(unfiltered(rows, { ...head, width: Math.ceil(head.width / 8) }), head) };
}

/** Rows of bytes without their filters (section 9). A byte is a pixel here, or eight of them: both count as one. */
function unfiltered(rows, { width, height }) {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (width + 1)], from = y * (width + 1) + 1, to = y * width, over = to - width;
    if (filter === 0) { data.set(rows.subarray(from, from + width), to); continue; }
    for (let x = 0; x < width; x += 1) {
      const left = x ? data[to + x - 1] : 0, up = y ? data[over + x] : 0, corner = x && y ? data[over + x - 1] : 0;
      data[to + x] = rows[from + x]
        + (filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : nearest(left, up, corner));
    }
  }
  return data;
}

/** Paeth's choice of the three neighbours. */
function nearest(left, up, corner) {
  const toLeft = Math.abs(up - corner), toUp = Math.abs(left - corner), toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function spread(packed, { width, height }) {
  const data = new Uint8Array(width * height), stride = Math.ceil(width / 8);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) data[y * width + x] = (packed[y * stride + (x >> 3)] << (x & 7)) & 128 ? 255 : 0;
  }
  return data;
}

function chunk(kind, content) {
  const made = new Uint8Array(12 + content.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, content.length);
  made.set([...kind].map((letter) => letter.charCodeAt(0)), 4);
  made.set(content, 8);
  view.setUint32(8 + content.length, checksum(made.subarray(4, 8 + content.length)));
  return made;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** CRC-32 (annex D). */
function checksum(bytes) {
  let value = -1;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ -1) >>> 0;
}

async function toBase64(parts) {
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}
