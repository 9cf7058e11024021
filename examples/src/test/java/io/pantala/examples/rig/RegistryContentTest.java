package io.pantala.examples.rig;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistryContentTest {
    @TempDir
    private Path directory;

    @Test
    void aBlobIsWhatItsDigestSays() throws IOException {
        Blob blob = new RegistryContent(directory).random("some/image", 3_000_001, 1);

        assertThat(blob.size()).isEqualTo(3_000_001).isEqualTo(Files.size(blob.file()));
        assertThat(Digest.sha256(Files.readAllBytes(blob.file()))).isEqualTo(blob.digest());
    }

    @Test
    void anotherSeedMakesAnotherBlobAndTheSameOneTheSame() throws IOException {
        RegistryContent content = new RegistryContent(directory);
        Blob blob = content.random("some/image", 100_000, 1);

        assertThat(content.random("some/image", 100_000, 1)).isEqualTo(blob);
        assertThat(content.random("some/image", 100_000, 2).digest()).isNotEqualTo(blob.digest());
    }

    @Test
    void aSparseBlobIsWhatItsDigestSaysAndNoOtherOfItsSize() throws IOException {
        RegistryContent content = new RegistryContent(directory);
        Blob blob = content.sparse("some/image", 5_000_000, 1);

        assertThat(Files.size(blob.file())).isEqualTo(5_000_000);
        assertThat(Digest.sha256(Files.readAllBytes(blob.file()))).isEqualTo(blob.digest());
        assertThat(content.sparse("some/image", 5_000_000, 2).digest()).isNotEqualTo(blob.digest());
    }
}
