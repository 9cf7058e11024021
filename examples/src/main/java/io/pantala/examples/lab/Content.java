package io.pantala.examples.lab;

import io.pantala.examples.lab.Experiment.Load;
import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.manifest.BlockLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the hosts of one run pull, and nobody pulled before.
 *
 * @param tag of the image; of no use where one blob is pulled
 */
record Content(String tag, List<Blob> layers) {
    static final String REPOSITORY = "lab/image";

    private static final int LAYERS = 3;
    private static final long SEED = 20_26;

    Content {
        layers = List.copyOf(layers);
    }

    /** @param number of its own, from 0 */
    static Content make(RegistryContent registry, Load load, long size, int number) throws IOException {
        int count = load == Load.BLOB ? 1 : LAYERS;
        List<Blob> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long length = size * (i + 1) / count - size * i / count;
            layers.add(registry.random(REPOSITORY, Math.max(1, length), SEED + (long) number * LAYERS + i));
        }
        Content content = new Content("run" + number, layers);
        if (load != Load.BLOB) {
            registry.image(REPOSITORY, content.tag(), layers);
        }
        return content;
    }

    long bytes() {
        return layers.stream().mapToLong(Blob::size).sum();
    }

    int blocks() {
        return layers.stream()
                .mapToInt(layer -> BlockLayout.of(layer.size()).count())
                .sum();
    }
}
