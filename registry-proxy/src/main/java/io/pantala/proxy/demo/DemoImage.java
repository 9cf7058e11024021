package io.pantala.proxy.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * An image as builders make them: an index, a manifest, a config, and layers of tar and gzip, a few KB to some tens of
 * MB. Its files are random bytes, so that nobody can deduplicate or compress what the demo moves.
 *
 * @param index what the tag names
 * @param manifests all manifests by digest, the index too
 * @param blobs where config and layers are
 * @param size bytes of all manifests and blobs
 */
record DemoImage(Digest index, Map<Digest, byte[]> manifests, Map<Digest, Path> blobs, long size) {
    static final String REPOSITORY = "demo/app";
    static final String TAG = "1.0";
    static final String INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
    static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

    private static final double[] SHARES = {0.36, 0.28, 0.20, 0.12, 0.04};
    private static final int SMALLEST_LAYER = 4_000;
    private static final int TAR_BLOCK = 512;

    /** How many things an engine verifies: index, manifest, config and layers. */
    int digests() {
        return manifests.size() + blobs.size();
    }

    int layers() {
        return blobs.size() - 1;
    }

    /**
     * Makes one.
     *
     * @param directory for its blobs
     * @param bytes about so many, all layers together
     */
    static DemoImage create(Path directory, long bytes, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        List<Layer> layers = new ArrayList<>();
        for (double share : SHARES) {
            layers.add(Layer.write(directory, "layer-" + layers.size(), (long) (share * bytes), random));
        }
        layers.add(Layer.write(directory, "layer-" + layers.size(), SMALLEST_LAYER, random));

        Map<Digest, Path> blobs = new LinkedHashMap<>();
        byte[] config = config(layers).getBytes(UTF_8);
        Path configFile = Files.write(directory.resolve("config"), config);
        blobs.put(Digest.sha256(config), configFile);
        layers.forEach(layer -> blobs.put(layer.digest(), layer.file()));

        byte[] manifest = manifest(config, layers).getBytes(UTF_8);
        byte[] index = index(manifest).getBytes(UTF_8);
        long size = index.length
                + manifest.length
                + config.length
                + layers.stream().mapToLong(Layer::size).sum();
        return new DemoImage(
                Digest.sha256(index),
                Map.of(Digest.sha256(index), index, Digest.sha256(manifest), manifest),
                blobs,
                size);
    }

    private static String config(List<Layer> layers) {
        String diffs = layers.stream()
                .map(layer -> '"' + layer.diff().toString() + '"')
                .collect(Collectors.joining(","));
        return """
                {"architecture":"amd64","os":"linux","config":{"Cmd":["/app"]},\
                "rootfs":{"type":"layers","diff_ids":[%s]}}""".formatted(diffs);
    }

    private static String manifest(byte[] config, List<Layer> layers) {
        String list = layers.stream()
                .map(layer ->
                        descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer.digest(), layer.size(), ""))
                .collect(Collectors.joining(","));
        return """
                {"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}""".formatted(
                MANIFEST_TYPE,
                descriptor("application/vnd.oci.image.config.v1+json", Digest.sha256(config), config.length, ""),
                list);
    }

    private static String index(byte[] manifest) {
        String platform = """
                ,"platform":{"architecture":"amd64","os":"linux"}""";
        return """
                {"schemaVersion":2,"mediaType":"%s","manifests":[%s]}""".formatted(INDEX_TYPE, descriptor(MANIFEST_TYPE, Digest.sha256(manifest), manifest.length, platform));
    }

    private static String descriptor(String type, Digest digest, long size, String more) {
        return """
                {"mediaType":"%s","digest":"%s","size":%d%s}""".formatted(type, digest, size, more);
    }

    /**
     * A layer on disk.
     *
     * @param diff the digest of what is in its gzip
     */
    private record Layer(Path file, Digest digest, Digest diff, long size) {
        static Layer write(Path directory, String name, long bytes, SplittableRandom random) throws IOException {
            Path file = directory.resolve(name);
            MessageDigest compressed = Digest.newSha256();
            MessageDigest plain = Digest.newSha256();
            try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), compressed);
                    OutputStream gzip = new StoredGzip(out);
                    OutputStream tar = new DigestOutputStream(gzip, plain)) {
                writeTar(tar, "app/" + name, bytes, random);
            }
            return new Layer(
                    file, Digest.ofSha256(compressed.digest()), Digest.ofSha256(plain.digest()), Files.size(file));
        }

        private static void writeTar(OutputStream out, String name, long bytes, SplittableRandom random)
                throws IOException {
            out.write(header(name, bytes));
            byte[] chunk = new byte[64 << 10];
            for (long left = bytes; left > 0; left -= chunk.length) {
                random.nextBytes(chunk);
                out.write(chunk, 0, (int) Math.min(chunk.length, left));
            }
            out.write(new byte[(int) (-bytes & (TAR_BLOCK - 1))]);
            out.write(new byte[2 * TAR_BLOCK]);
        }

        /** A file's header in the ustar format. */
        private static byte[] header(String name, long bytes) {
            byte[] header = new byte[TAR_BLOCK];
            put(header, 0, name);
            put(header, 100, "0000644");
            put(header, 108, "0000000");
            put(header, 116, "0000000");
            put(header, 124, String.format(Locale.ROOT, "%011o", bytes));
            put(header, 136, "00000000000");
            put(header, 148, "        ");
            put(header, 156, "0");
            put(header, 257, "ustar");
            put(header, 263, "00");
            int sum = 0;
            for (byte each : header) {
                sum += each & 0xff;
            }
            put(header, 148, String.format(Locale.ROOT, "%06o\0 ", sum));
            return header;
        }

        private static void put(byte[] header, int at, String text) {
            byte[] ascii = text.getBytes(US_ASCII);
            System.arraycopy(ascii, 0, header, at, ascii.length);
        }
    }

    /** Gzip that doesn't try to make random bytes smaller. */
    private static final class StoredGzip extends GZIPOutputStream {
        StoredGzip(OutputStream out) throws IOException {
            super(out, 64 << 10);
            def.setLevel(Deflater.NO_COMPRESSION);
        }
    }
}
