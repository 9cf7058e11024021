package io.pantala.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Platform;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * An image of random files for several platforms, as an OCI layout on disk. The same seed gives the same image.
 *
 * @param layout its directory
 * @param index the digest of the index that its tag stands for
 * @param platforms what each platform's image consists of
 */
record TestImage(Path layout, String repository, String tag, Digest index, Map<Platform, OnePlatform> platforms) {
    static final Platform AMD64 = new Platform("linux", "amd64", null);
    static final Platform ARM64 = new Platform("linux", "arm64", null);

    static final String INDEX = "application/vnd.oci.image.index.v1+json";
    static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TAR_BLOCK = 512;

    /**
     * The image of one platform.
     *
     * @param layers sizes in bytes, by digest, in order
     */
    record OnePlatform(Digest manifest, Digest config, long configSize, Map<Digest, Long> layers) {
        /** Config and layers, sizes in bytes. */
        Map<Digest, Long> blobs() {
            Map<Digest, Long> blobs = new LinkedHashMap<>(layers);
            blobs.put(config, configSize);
            return blobs;
        }
    }

    OnePlatform amd64() {
        return platforms.get(AMD64);
    }

    OnePlatform arm64() {
        return platforms.get(ARM64);
    }

    /** As engines name it at Docker Hub. */
    String name() {
        return "docker.io/" + repository + ":" + tag;
    }

    /**
     * Writes one: for each platform a layer of its own of each of these sizes, and one that all share.
     *
     * @param layerSizes bytes of each layer's one file
     */
    static TestImage write(Path layout, String repository, String tag, long seed, int... layerSizes)
            throws IOException {
        Files.createDirectories(layout.resolve("blobs/sha256"));
        var random = new Random(seed);
        Layer shared = layer("shared", random, 300_000);
        write(layout, shared.gzip());
        Map<Platform, OnePlatform> platforms = new LinkedHashMap<>();
        ObjectNode index = JSON.createObjectNode().put("schemaVersion", 2);
        index.put("mediaType", INDEX);
        ArrayNode manifests = index.putArray("manifests");
        for (Platform platform : List.of(AMD64, ARM64)) {
            List<Layer> layers = new ArrayList<>(List.of(shared));
            for (int each = 0; each < layerSizes.length; each++) {
                Layer layer = layer("layer" + each, random, layerSizes[each]);
                write(layout, layer.gzip());
                layers.add(layer);
            }
            byte[] config = config(platform, layers);
            byte[] manifest = manifest(config, layers);
            write(layout, config);
            write(layout, manifest);
            ObjectNode entry = descriptor(manifests.addObject(), MANIFEST, manifest);
            entry.putObject("platform").put("os", platform.os()).put("architecture", platform.architecture());
            Map<Digest, Long> sizes = new LinkedHashMap<>();
            layers.forEach(layer -> sizes.put(Digest.sha256(layer.gzip()), (long) layer.gzip().length));
            platforms.put(
                    platform, new OnePlatform(Digest.sha256(manifest), Digest.sha256(config), config.length, sizes));
        }
        byte[] indexBytes = JSON.writeValueAsBytes(index);
        write(layout, indexBytes);
        ObjectNode top = JSON.createObjectNode().put("schemaVersion", 2);
        descriptor(top.putArray("manifests").addObject(), INDEX, indexBytes)
                .putObject("annotations")
                .put("org.opencontainers.image.ref.name", tag);
        Files.write(layout.resolve("index.json"), JSON.writeValueAsBytes(top));
        Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        return new TestImage(layout, repository, tag, Digest.sha256(indexBytes), platforms);
    }

    @SuppressWarnings("ArrayRecordComponent")
    private record Layer(byte[] gzip, Digest diffId) {}

    private static byte[] config(Platform platform, List<Layer> layers) throws IOException {
        ObjectNode config = JSON.createObjectNode()
                .put("created", "2026-01-01T00:00:00Z")
                .put("architecture", platform.architecture())
                .put("os", platform.os());
        config.putObject("config").putArray("Cmd").add("/none");
        ObjectNode rootfs = config.putObject("rootfs").put("type", "layers");
        ArrayNode ids = rootfs.putArray("diff_ids");
        ArrayNode history = config.putArray("history");
        for (Layer layer : layers) {
            ids.add(layer.diffId().toString());
            history.addObject().put("created", "2026-01-01T00:00:00Z").put("created_by", "TestImage");
        }
        return JSON.writeValueAsBytes(config);
    }

    private static byte[] manifest(byte[] config, List<Layer> layers) throws IOException {
        ObjectNode manifest = JSON.createObjectNode().put("schemaVersion", 2);
        manifest.put("mediaType", MANIFEST);
        descriptor(manifest.putObject("config"), "application/vnd.oci.image.config.v1+json", config);
        ArrayNode list = manifest.putArray("layers");
        for (Layer layer : layers) {
            descriptor(list.addObject(), "application/vnd.oci.image.layer.v1.tar+gzip", layer.gzip());
        }
        return JSON.writeValueAsBytes(manifest);
    }

    private static ObjectNode descriptor(ObjectNode node, String mediaType, byte[] content) {
        return node.put("mediaType", mediaType)
                .put("digest", Digest.sha256(content).toString())
                .put("size", content.length);
    }

    private static void write(Path layout, byte[] content) throws IOException {
        Files.write(
                layout.resolve("blobs/sha256").resolve(Digest.sha256(content).encoded()), content);
    }

    private static Layer layer(String file, Random random, int size) throws IOException {
        byte[] content = new byte[size];
        random.nextBytes(content);
        byte[] tar = tar(file, content);
        var gzip = new ByteArrayOutputStream(tar.length + 1024);
        try (var deflating = new GZIPOutputStream(gzip) {
            {
                def.setLevel(Deflater.NO_COMPRESSION);
            }
        }) {
            deflating.write(tar);
        }
        return new Layer(gzip.toByteArray(), Digest.sha256(tar));
    }

    /** A tar archive (POSIX ustar) with one file. */
    private static byte[] tar(String file, byte[] content) {
        byte[] header = new byte[TAR_BLOCK];
        put(header, 0, file);
        put(header, 100, "0000644\0");
        put(header, 108, "0000000\0");
        put(header, 116, "0000000\0");
        put(header, 124, "%011o\0".formatted(content.length));
        put(header, 136, "%011o\0".formatted(0));
        put(header, 148, "        ");
        put(header, 156, "0");
        put(header, 257, "ustar\0" + "00");
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xff;
        }
        put(header, 148, "%06o\0 ".formatted(sum));
        int padded = (content.length + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
        byte[] tar = new byte[TAR_BLOCK + padded + 2 * TAR_BLOCK];
        System.arraycopy(header, 0, tar, 0, TAR_BLOCK);
        System.arraycopy(content, 0, tar, TAR_BLOCK, content.length);
        return tar;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
