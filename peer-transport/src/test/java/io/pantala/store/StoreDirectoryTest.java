package io.pantala.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreDirectoryTest {
    @TempDir
    Path temp;

    private BlobStore open(Path directory) throws StoreException {
        return open(directory, OptionalLong.of(1_000_000));
    }

    private static BlobStore open(Path directory, OptionalLong quota) throws StoreException {
        return BlobStore.open(new StoreConfig(directory, quota), StoreListener.NONE, Clock.systemUTC());
    }

    @Test
    void makesADirectoryThatIsMissing() throws Exception {
        try (BlobStore store = open(temp.resolve("a/b"))) {
            assertThat(store.usage()).isEqualTo(new StoreUsage(0, 1_000_000, 0));
        }
    }

    @Test
    void refusesASecondStoreInThisProcessAndStaysLocked() throws Exception {
        try (BlobStore _ = open(temp)) {
            assertThatThrownBy(() -> open(temp.resolve("../" + temp.getFileName())))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("already open in this process");
            try (StoreProcess other = StoreProcess.start(temp)) {
                assertThat(other.nextLine())
                        .contains("is in use by another process")
                        .contains("pid " + ProcessHandle.current().pid());
            }
        }
        open(temp).close();
    }

    @Test
    void refusesADirectoryThatAnotherProcessHasOpen() throws Exception {
        try (StoreProcess other = StoreProcess.start(temp)) {
            assertThat(other.nextLine()).isEqualTo("open");
            assertThatThrownBy(() -> open(temp))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("in use by another process (pid " + other.pid() + ")");
        }
        open(temp).close();
    }

    @Test
    void refusesANewerFormat() throws Exception {
        open(temp).close();
        Files.writeString(temp.resolve("format"), "{\"version\": 3, \"shards\": 16}");
        assertThatThrownBy(() -> open(temp))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("newer Pantala (format 3, this one knows 2)")
                .hasMessageNotContaining("\n");
    }

    @Test
    void takesOverAnOlderFormat() throws Exception {
        open(temp).close();
        Files.writeString(temp.resolve("format"), "{\"version\": 1, \"quota\": 12345}");

        open(temp).close();

        assertThat(temp.resolve("format")).hasContent("{\"version\":2,\"quota\":12345}");
    }

    @Test
    void refusesAFormatThatMakesNoSense() throws Exception {
        for (String nonsense : new String[] {"", "{", "[]", "{}", "{\"version\": \"x\"}", "{\"version\": -1}"}) {
            Path directory = temp.resolve("d" + nonsense.hashCode());
            open(directory).close();
            Files.writeString(directory.resolve("format"), nonsense);
            assertThatThrownBy(() -> open(directory))
                    .describedAs(nonsense)
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("to start with an empty store")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void refusesADirectoryOfSomeoneElse() throws Exception {
        Files.writeString(temp.resolve("thesis.tex"), "irreplaceable");
        assertThatThrownBy(() -> open(temp))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("not Pantala's, such as thesis.tex");
        assertThat(temp).isDirectoryContaining("glob:**thesis.tex").isDirectoryNotContaining("glob:**format");
    }

    @Test
    void acceptsAFreshFileSystemAndAStartThatWasCutShort() throws Exception {
        Files.createDirectory(temp.resolve("lost+found"));
        Files.createFile(temp.resolve("lock"));
        Files.writeString(temp.resolve("format.new"), "{");
        open(temp).close();
    }

    @Test
    void refusesWhatIsNoDirectory() throws Exception {
        Path file = Files.createFile(temp.resolve("file"));
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("can't keep blobs in " + file);
    }

    @Test
    void refusesADirectoryThatCannotBeMade() {
        // Nobody makes directories there, not even root.
        Path directory = Path.of("/proc/pantala");
        assertThatThrownBy(() -> open(directory))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("can't keep blobs in " + directory);
    }

    @Test
    void remembersTheDefaultQuotaOfTheFirstStart() throws Exception {
        long first;
        try (BlobStore store = open(temp, OptionalLong.empty())) {
            first = store.usage().quota();
            assertThat(first).isBetween(1L, Files.getFileStore(temp).getTotalSpace());
        }
        try (BlobStore store = open(temp, OptionalLong.of(5))) {
            assertThat(store.usage().quota()).isEqualTo(5);
        }
        Files.writeString(
                temp.resolve("format"),
                Files.readString(temp.resolve("format")).replace(Long.toString(first), "12345"));
        try (BlobStore store = open(temp, OptionalLong.empty())) {
            assertThat(store.usage().quota()).isEqualTo(12_345);
        }
    }

    @Test
    void deletesWhatAnEarlierProcessWasDeleting() throws Exception {
        open(temp).close();
        Files.writeString(temp.resolve("trash/1-2-3"), "old");
        open(temp).close();
        assertThat(temp.resolve("trash")).isEmptyDirectory();
    }

    @Test
    void opensWithThousandsOfBlobsWithoutReadingThem() throws Exception {
        open(temp).close();
        int blobs = 2_000;
        for (int i = 0; i < blobs; i++) {
            String hex = String.format("%064x", i * 0x9E3779B97F4A7C15L);
            hex = new StringBuilder(hex).reverse().toString();
            Path folder =
                    Files.createDirectories(temp.resolve("blobs/docker.io").resolve(hex.substring(0, 2)));
            Files.writeString(folder.resolve(hex + ".data"), "0123456789");
            Files.createFile(folder.resolve(hex + ".blocks"));
        }
        long start = System.nanoTime();
        try (BlobStore store = open(temp)) {
            assertThat(store.usage()).isEqualTo(new StoreUsage(10L * blobs, 1_000_000, blobs));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void leavesFilesAloneThatAreNotItsOwn() throws Exception {
        open(temp).close();
        Path stray = Files.createDirectories(temp.resolve("blobs/docker.io/ab")).resolve("README");
        Files.writeString(stray, "hello");
        Path other = Files.writeString(temp.resolve("blobs/docker.io/ab/abc.data"), "no digest");
        try (BlobStore store = open(temp)) {
            assertThat(store.usage().blobs()).isZero();
        }
        assertThat(stray).exists();
        assertThat(other).exists();
    }

    @Test
    void refusesANegativeQuota() throws IOException {
        assertThatThrownBy(() -> new StoreConfig(temp, OptionalLong.of(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
