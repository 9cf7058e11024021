package io.pantala.examples.rig;

import io.pantala.manifest.Digest;
import java.nio.file.Path;

/**
 * A blob that a registry has.
 *
 * @param file with its bytes
 */
public record Blob(Digest digest, long size, Path file) {}
