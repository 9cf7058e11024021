package io.pantala.examples.rig;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** What a registry has, laid out as Debian's docker-registry keeps it. Several registries may serve it, none changes it. */
public final class RegistryContent {
    private static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
    private static final int CHUNK = 1 << 20;

    private final Path root;

    /**
     * Content that is made in this directory.
     *
     * @param root a directory of its own
     */
    public RegistryContent(Path root) {
        this.root = root;
    }

    Path root() {
        return root;
    }

    /** Adds a blob of random bytes, which depend on the seed alone. */
    public Blob random(String repository, long size, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        return write(repository, size, size, (_, length) -> {
            chunk.clear();
            while (chunk.hasRemaining()) {
                chunk.putLong(random.nextLong());
            }
            return chunk.flip().limit(length);
        });
    }

    /**
     * Adds a blob that takes next to no room: random bytes at its start, and then a hole. For what depends on the number
     * of bytes alone.
     */
    public Blob sparse(String repository, long size, long seed) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate(CHUNK);
        ByteBuffer head = ByteBuffer.allocate(CHUNK).putLong(0, new SplittableRandom(seed).nextLong());
        return write(
                repository,
                size,
                CHUNK,
                (at, length) -> (at == 0 ? head : zeros).clear().limit(length));
    }

    /** Adds an image for Linux on x86-64 with these layers, and a config. */
    public void image(String repository, String tag, List<Blob> layers) throws IOException {
        String ids = layers.stream().map(layer -> "\"" + layer.digest() + "\"").collect(Collectors.joining(","));
        Blob config = small(
                repository,
                "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" + ids
                        + "]}}");
        Blob manifest = small(
                repository,
                "{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST_TYPE + "\",\"config\":"
                        + descriptor(config, "application/vnd.oci.image.config.v1+json") + ",\"layers\":["
                        + layers.stream()
                                .map(layer -> descriptor(layer, "application/vnd.oci.image.layer.v1.tar"))
                                .collect(Collectors.joining(","))
                        + "]}");
        String hex = manifest.digest().encoded();
        link(repository, "_manifests/revisions/sha256/" + hex, manifest.digest());
        link(repository, "_manifests/tags/" + tag + "/current", manifest.digest());
        link(repository, "_manifests/tags/" + tag + "/index/sha256/" + hex, manifest.digest());
    }

    private static String descriptor(Blob blob, String type) {
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + blob.digest() + "\",\"size\":" + blob.size() + "}";
    }

    private Blob small(String repository, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return write(repository, bytes.length, bytes.length, (_, _) -> ByteBuffer.wrap(bytes));
    }

    /** Where a blob's bytes come from, asked in order. */
    private interface Source {
        /** The bytes at a position, as many as asked for. */
        ByteBuffer bytes(long at, int length);
    }

    /** @param solid from there on all bytes are zero, and stay a hole */
    private Blob write(String repository, long size, long solid, Source source) throws IOException {
        Path written = Files.createTempFile(Files.createDirectories(root), "new", "");
        MessageDigest sha256 = Digest.newSha256();
        try (RandomAccessFile file = new RandomAccessFile(written.toFile(), "rw")) {
            file.setLength(size);
            for (long at = 0; at < size; ) {
                int length = (int) Math.min(CHUNK, size - at);
                ByteBuffer bytes = source.bytes(at, length);
                sha256.update(bytes.duplicate());
                for (long next = at; at < solid && bytes.hasRemaining(); ) {
                    next += file.getChannel().write(bytes, next);
                }
                at += length;
            }
        }
        Digest digest = Digest.ofSha256(sha256.digest());
        String hex = digest.encoded();
        Path file = root.resolve("docker/registry/v2/blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data");
        Files.createDirectories(file.getParent());
        Files.move(written, file, StandardCopyOption.REPLACE_EXISTING);
        link(repository, "_layers/sha256/" + hex, digest);
        return new Blob(digest, size, file);
    }

    private void link(String repository, String path, Digest to) throws IOException {
        Path link = root.resolve("docker/registry/v2/repositories/" + repository + "/" + path + "/link");
        Files.createDirectories(link.getParent());
        Files.writeString(link, to.toString());
    }
}
