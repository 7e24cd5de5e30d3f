"""Everyone's one home for pixels: decoding safely, normalising, measuring, similarity. Pure: bytes, arrays.

decode      decode(data, *, name, formats, max_pixels) -> PIL.Image.Image    as stored, checked, fully loaded
            verify_png(data, *, name, max_pixels) -> (width, height)         an artefact is a whole PNG
normalise   to_input_png(data, *, name) -> bytes                             input/input.png of any picture
            to_picture(data, *, max_px=1024, background=WHITE, name) -> model.Picture    as a judge sees it
            to_pixels(data, *, background=WHITE, name) -> uint8 array        height x width x 3, sRGB
            to_mask(data, (width, height), *, name) -> bool array            height x width, True: may change
            from_pixels(pixels) -> bytes                                     an array as a PNG file
exact       read(data, *, name) -> Exact(values, profile)                    own depth and colours, upright
            encoded(values) -> bytes; eight_bits(values) -> uint8 array      8 or 16 bits, 3 or 4 channels
masks       read_mask(data, (width, height), *, name) -> MaskPicture         any mask picture
            region(inside, *, grow, feather) -> Region                       inside, weights, support, box
            sent_mask(support) -> PNG; with_hole(picture, mask) -> PNG       as ComfyUI's nodes take masks
composite   prepared(original) -> PNG; padded(mask) -> mask                  what is sent
            put_back(original, result, weights) -> Restored(png, notes, fitted)    the rest stays exact
            largest_difference(one, other, where) -> int                     of any channel; 0: identical
placing     placed(result, ground) -> Placed                                 scaled, stretched or cropped
alignment   displacement(original, result, keep) -> Displacement | None      did the graph move the picture
profiles    to_srgb, from_srgb (8 bits), deep_to_srgb (16 bits)              ICC
png         read_text(data, *, name) -> {keyword: text}; with_text(data, texts); without_text(data)
measure     measurements(original, result, mask=None) -> {(metric, region): float}    always recorded
            asked_for(measures, subjects, known) -> {Measure.key: float}     what criteria want besides
tints       warmth(pixels), palette_distance(pixels, colours)                used by measure, as are the next
plainness   blankness(pixels); lettering: text_share(pixels); faces: count_faces(pixels, model)
similarity  similarity(original, result, mask=None) -> model.Similarity      arrays; sizes may differ
            change_map(original, result) -> 10 x 10 floats                   0 as before - 1 nothing left
            working_size(picture) -> 160 x 160 x 3                           for one that is compared often

All of them raise errors.ImageError (message and hint for people) for a picture that cannot be used; `name` is
what the message calls it. Import from the modules: this package itself imports nothing and so costs nothing.
"""
