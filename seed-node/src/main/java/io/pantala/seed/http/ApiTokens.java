package io.pantala.seed.http;

import io.pantala.manifest.Digest;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The API tokens of a seed: a file with one a line, its hash and, behind a space, what it is for. The file is read again
 * when it has changed.
 */
public final class ApiTokens implements Predicate<String> {
    private static final Logger LOG = LoggerFactory.getLogger(ApiTokens.class);
    private static final long LOOK_NANOS = 1_000_000_000;

    private final Path file;
    private Set<Digest> hashes;
    private FileTime changed;
    private long looked = System.nanoTime();

    private ApiTokens(Path file, FileTime changed, Set<Digest> hashes) {
        this.file = file;
        this.changed = changed;
        this.hashes = hashes;
    }

    /**
     * Reads the file.
     *
     * @throws IOException when it can't be read, or a line is wrong; the message says which
     */
    public static ApiTokens read(Path file) throws IOException {
        return new ApiTokens(file, Files.getLastModifiedTime(file), hashes(file));
    }

    private static Set<Digest> hashes(Path file) throws IOException {
        Set<Digest> hashes = new HashSet<>();
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                hashes.add(Digest.parse(line.split("\\s", 2)[0]));
            } catch (IllegalArgumentException e) {
                throw new IOException(
                        file + ":" + (i + 1)
                                + ": must begin with the hash of a token, as `pantala token --api` prints it",
                        e);
            }
        }
        return hashes;
    }

    /** Whether this is the secret of one of them. */
    @Override
    public synchronized boolean test(String secret) {
        long now = System.nanoTime();
        if (now - looked > LOOK_NANOS) {
            looked = now;
            look();
        }
        return hashes.contains(Token.hash(secret));
    }

    private void look() {
        try {
            FileTime last = Files.getLastModifiedTime(file);
            if (!last.equals(changed)) {
                hashes = hashes(file);
                changed = last;
            }
        } catch (IOException e) {
            LOG.error("The API tokens stay as they were: {}", e.getMessage());
        }
    }
}
