package io.pantala.store;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseFailureTest {
    private static final BlobKey KEY = new BlobKey(UpstreamName.DOCKER_HUB, Digest.EMPTY_SHA256);

    @TempDir
    Path directory;

    @Test
    void aReaderHearsOfAFailureBetweenItsLeaseAndItself() throws Exception {
        try (BlobStore store = open();
                StoredBlob filler = store.create(KEY, new BlockLayout(100, 10));
                StoredBlob lease = filler.share()) {
            filler.fail(new BlobFailure.Interrupted("gave up"));

            try (StoredBlob shared = lease.share();
                    BlobReader reader = shared.reader(0, 100)) {
                assertThatThrownBy(() -> reader.awaitReadable(Duration.ZERO))
                        .isInstanceOf(BlobFailedException.class)
                        .hasMessageContaining("gave up");
            }
        }
    }

    @Test
    void aNewLeaseKnowsNothingOfEarlierFailures() throws Exception {
        try (BlobStore store = open();
                StoredBlob filler = store.create(KEY, new BlockLayout(100, 10))) {
            filler.fail(new BlobFailure.Interrupted("gave up"));

            try (StoredBlob later = store.find(KEY).orElseThrow();
                    BlobReader reader = later.reader(0, 100)) {
                assertThatThrownBy(() -> reader.awaitReadable(Duration.ZERO)).isInstanceOf(TimeoutException.class);
            }
        }
    }

    private BlobStore open() throws StoreException {
        return BlobStore.open(
                new StoreConfig(directory.resolve("store"), OptionalLong.of(1000)),
                StoreListener.NONE,
                Clock.systemUTC());
    }
}
