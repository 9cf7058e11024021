package io.pantala.examples.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeftoversTest {
    @TempDir
    private Path store;

    @Test
    void aStoreWhoseFilesAreAllOfBlobsIsClean() throws Exception {
        add("blobs/registry/aa/aaaa.data", "blobs/registry/aa/aaaa.blocks", "partial/registry/bb/bbbb.data");
        add("partial/registry/bb/bbbb.blocks", "lock", "format");

        assertThat(Leftovers.inStore(store, 2)).isEmpty();
    }

    @Test
    void tellsWhatNoBlobHas() throws Exception {
        add("blobs/registry/aa/aaaa.blocks", "partial/registry/bb/other", "trash/1-2-3");

        assertThat(Leftovers.inStore(store, 0))
                .hasSize(3)
                .anyMatch(found -> found.contains("aaaa.blocks belongs to no blob"))
                .anyMatch(found -> found.contains("other belongs to no blob"))
                .contains("1 files wait to be deleted");
    }

    @Test
    void tellsBlobsThatTheStoreDoesNotKnow() throws Exception {
        add("blobs/registry/aa/aaaa.data", "blobs/registry/aa/aaaa.blocks");

        assertThat(Leftovers.inStore(store, 0)).containsExactly("1 blobs are on disk, of which the store knows 0");
    }

    private void add(String... files) throws IOException {
        for (String file : files) {
            Path path = store.resolve(file);
            Files.createDirectories(path.getParent());
            Files.writeString(path, "");
        }
    }
}
