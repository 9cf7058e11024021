package io.pantala.proxy.notes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NotesTest {
    private static final byte[] FACT = "a fact".getBytes(UTF_8);
    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    private Path directory;

    private Instant now = Instant.parse("2026-06-01T00:00:00Z");

    private enum Kind {
        MEMORY,
        DISK
    }

    @ParameterizedTest
    @EnumSource
    void keepTheLastFactOfAName(Kind kind) {
        Notes notes = notes(kind);
        notes.put("a", "older".getBytes(UTF_8), HOUR);
        notes.put("a", FACT, HOUR);
        notes.put("b", new byte[0], HOUR);

        assertThat(notes.find("a")).contains(FACT);
        assertThat(notes.find("b")).contains(new byte[0]);
        assertThat(notes.find("c")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void forgetWhatIsTooOldOrRemoved(Kind kind) {
        Notes notes = notes(kind);
        notes.put("a", FACT, HOUR);
        notes.put("b", FACT, HOUR);
        notes.remove("b");
        assertThat(notes.find("a")).isPresent();
        assertThat(notes.find("b")).isEmpty();

        now = now.plus(HOUR).plusSeconds(1);
        assertThat(notes.find("a")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void keepAFactForItsWholeLifeAgainWhenItIsToldAgain(Kind kind) {
        Notes notes = notes(kind);
        notes.put("a", FACT, HOUR);
        now = now.plus(HOUR.dividedBy(2));
        notes.put("a", FACT, HOUR);
        now = now.plus(HOUR).minusSeconds(60);

        assertThat(notes.find("a")).isPresent();
    }

    @ParameterizedTest
    @EnumSource
    void takeNoFactThatIsTooLong(Kind kind) {
        Notes notes = notes(kind);
        notes.put("a", new byte[Notes.LONGEST + 1], HOUR);

        assertThat(notes.find("a")).isEmpty();
    }

    @Test
    void onDiskOutliveTheirProcessAndShowNoName() throws IOException {
        notes(Kind.DISK).put("repository secret-name", FACT, HOUR);

        assertThat(notes(Kind.DISK).find("repository secret-name")).contains(FACT);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).singleElement().satisfies(file -> {
                assertThat(file.getFileName().toString()).matches("[0-9a-f]{64}");
                assertThat(Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1))
                        .doesNotContain("secret-name");
            });
        }
    }

    @Test
    void onDiskMakeRoomByWhatWasWrittenLongestAgo() throws IOException {
        Notes notes = DiskNotes.open(directory, 20, () -> now);
        for (int i = 0; i < 21; i++) {
            notes.put("name" + i, FACT, HOUR);
            try (Stream<Path> files = Files.list(directory)) {
                int age = i;
                files.filter(file -> written(file) > 1_000_000).forEach(file -> date(file, 1_000L * age));
            }
        }
        notes.put("one more", FACT, HOUR);

        assertThat(notes.find("name0")).isEmpty();
        assertThat(notes.find("one more")).isPresent();
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.count()).isLessThanOrEqualTo(20);
        }
    }

    private static long written(Path file) {
        return file.toFile().lastModified();
    }

    private static void date(Path file, long millis) {
        assertThat(file.toFile().setLastModified(millis)).isTrue();
    }

    private Notes notes(Kind kind) {
        try {
            return switch (kind) {
                case MEMORY ->
                    new MemoryNotes(() -> Duration.between(Instant.EPOCH, now).toNanos());
                case DISK -> DiskNotes.open(directory, 100, () -> now);
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
