package io.pantala.proxy.notes;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Facts that outlive their process: a file each, of which there are so many at most. Names on disk are hashes. */
public final class DiskNotes implements Notes {
    private static final Logger LOG = LoggerFactory.getLogger(DiskNotes.class);
    private static final int END_OF_LIFE = Long.BYTES;

    /** A fact that stays the same is written again after a tenth of its life. */
    private static final int RENEWALS = 10;

    private final Path directory;
    private final int most;
    private final InstantSource clock;
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong serial = new AtomicLong();

    private DiskNotes(Path directory, int most, InstantSource clock) {
        this.directory = directory;
        this.most = most;
        this.clock = clock;
    }

    /**
     * Those of a directory, which is made if it isn't there.
     *
     * @param most how many there may be; those written longest ago go first
     */
    public static DiskNotes open(Path directory, int most, InstantSource clock) throws IOException {
        Files.createDirectories(directory);
        var notes = new DiskNotes(directory, most, clock);
        notes.count.set(notes.files().size());
        return notes;
    }

    @Override
    public Optional<byte[]> find(String name) {
        return read(file(name)).map(fact -> Arrays.copyOfRange(fact, END_OF_LIFE, fact.length));
    }

    @Override
    public void put(String name, byte[] fact, Duration life) {
        if (fact.length > LONGEST) {
            return;
        }
        Path file = file(name);
        Instant now = clock.instant();
        Optional<byte[]> last = read(file);
        if (last.isPresent()
                && Arrays.equals(last.get(), END_OF_LIFE, last.get().length, fact, 0, fact.length)
                && endOf(last.get()).isAfter(now.plus(life).minus(life.dividedBy(RENEWALS)))) {
            return;
        }
        byte[] bytes = ByteBuffer.allocate(END_OF_LIFE + fact.length)
                .putLong(now.plus(life).getEpochSecond())
                .put(fact)
                .array();
        Path fresh = directory.resolve(serial.incrementAndGet() + ".new");
        try {
            Files.write(fresh, bytes);
            boolean there = Files.exists(file);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            if (!there && count.incrementAndGet() > most) {
                prune();
            }
        } catch (IOException e) {
            LOG.debug("a note was lost", e);
        }
    }

    @Override
    public void remove(String name) {
        try {
            if (Files.deleteIfExists(file(name))) {
                count.decrementAndGet();
            }
        } catch (IOException e) {
            LOG.debug("a note stays", e);
        }
    }

    private Optional<byte[]> read(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            return bytes.length >= END_OF_LIFE && endOf(bytes).isAfter(clock.instant())
                    ? Optional.of(bytes)
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.debug("a note can't be read", e);
            return Optional.empty();
        }
    }

    private static Instant endOf(byte[] bytes) {
        return Instant.ofEpochSecond(ByteBuffer.wrap(bytes).getLong());
    }

    /** Makes room for a tenth. */
    private synchronized void prune() throws IOException {
        record Dated(Path file, FileTime written) {}
        List<Path> files = files();
        count.set(files.size());
        if (files.size() <= most) {
            return;
        }
        Stream<Dated> dated = files.stream().map(file -> new Dated(file, written(file)));
        List<Path> oldest = dated.sorted(Comparator.comparing(Dated::written))
                .limit(files.size() - most + most / RENEWALS)
                .map(Dated::file)
                .toList();
        for (Path file : oldest) {
            if (Files.deleteIfExists(file)) {
                count.decrementAndGet();
            }
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private static FileTime written(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }

    private Path file(String name) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return directory.resolve(HexFormat.of().formatHex(hash));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
