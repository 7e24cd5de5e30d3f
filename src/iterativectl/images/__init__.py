"""Everyone's one home for pixels: decoding safely, normalising, measuring, similarity. Pure: bytes, arrays.

decode      decode(data, *, name, formats, max_pixels) -> PIL.Image.Image    as stored, checked, fully loaded
            verify_png(data, *, name, max_pixels) -> (width, height)         an artefact is a whole PNG
normalise   to_input_png(data, *, name) -> bytes                             input/input.png of any picture
            to_picture(data, *, max_px=1024, background=WHITE, name) -> model.Picture    as a judge sees it
            to_pixels(data, *, background=WHITE, name) -> uint8 array        height x width x 3, sRGB
            to_mask(data, (width, height), *, name) -> bool array            height x width, True where light
            from_pixels(pixels) -> bytes                                     an array as a PNG file
png         read_text(data, *, name) -> {keyword: text}; with_text(data, texts); without_text(data)
measure     METRICS; REGIONS; measurements(original, result, mask=None) -> {(metric, region): float}
similarity  similarity(original, result, mask=None) -> model.Similarity      arrays; sizes may differ
            change_map(original, result) -> 10 x 10 floats                   0 as before - 1 nothing left
            working_size(picture) -> 160 x 160 x 3                           for one that is compared often

All of them raise errors.ImageError (message and hint for people) for a picture that cannot be used; `name` is
what the message calls it. Import from the modules: this package itself imports nothing and so costs nothing.
"""
