package io.pantala.examples.bench;

import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What all figures need.
 *
 * @param content the registry's
 */
record Stage(Settings settings, Installation program, Workspace workspace, RegistryContent content, Printout out) {
    static final String REPOSITORY = "bench/image";
    static final String TAG = "layers";

    private static final long SEED = 20_26;

    /** The layer that is pulled by itself. */
    Blob layer() throws IOException {
        return content.random(REPOSITORY, settings.layer(), SEED);
    }

    /** Makes the image of many layers. */
    void image() throws IOException {
        List<Blob> layers = new ArrayList<>();
        for (int i = 1; i <= settings.layers(); i++) {
            layers.add(content.random(REPOSITORY, settings.layerSize(), SEED + i));
        }
        content.image(REPOSITORY, TAG, layers);
    }

    /** For people, in binary units. */
    static String size(long bytes) {
        for (int unit = 30; unit >= 10; unit -= 10) {
            if (bytes % (1L << unit) == 0) {
                return (bytes >> unit) + " " + "KMG".charAt(unit / 10 - 1) + "iB";
            }
        }
        return bytes + " B";
    }
}
