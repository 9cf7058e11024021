package io.pantala.examples.soak;

import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.RegistryContent;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** The blobs that can be asked for. Each is replaced by a new one after some pulls, so that long runs see many. */
final class Catalogue {
    static final String REPOSITORY = "soak/image";

    /** Pulls of a blob before another takes its place. */
    private static final int USES = 12;

    private final RegistryContent content;
    private final long seed;
    private final long largest;
    private final List<Entry> current = new ArrayList<>();
    private final Map<Blob, Entry> lent = new HashMap<>();
    private long made;

    private static final class Entry {
        final Blob blob;
        int uses;
        int users;

        Entry(Blob blob) {
            this.blob = blob;
        }
    }

    private Catalogue(RegistryContent content, long seed, long largest) {
        this.content = content;
        this.seed = seed;
        this.largest = largest;
    }

    static Catalogue create(RegistryContent content, Settings settings) throws IOException {
        Catalogue catalogue = new Catalogue(content, settings.seed(), settings.largest());
        for (int i = 0; i < settings.blobs(); i++) {
            catalogue.current.add(catalogue.make());
        }
        return catalogue;
    }

    /** As many small ones as large ones: sizes are even on a scale of logarithms. */
    private Entry make() throws IOException {
        SplittableRandom random = new SplittableRandom(seed + made++);
        long size = (long) (Settings.SMALLEST
                * Math.pow((double) largest / Settings.SMALLEST, random.nextDouble(Math.nextUp(1.0))));
        return new Entry(content.random(REPOSITORY, size, random.nextLong()));
    }

    /**
     * Lends one for a pull.
     *
     * @param choice from 0 to 1
     */
    synchronized Blob borrow(double choice) throws IOException {
        int index = (int) (choice * current.size());
        Entry entry = current.get(index);
        if (entry.uses == USES) {
            remove(entry);
            entry = make();
            current.set(index, entry);
        }
        entry.uses++;
        entry.users++;
        lent.put(entry.blob, entry);
        return entry.blob;
    }

    synchronized void giveBack(Blob blob) throws IOException {
        Entry entry = lent.get(blob);
        if (entry == null) {
            throw new IllegalArgumentException(blob.digest() + " was not lent");
        }
        entry.users--;
        if (entry.users == 0) {
            lent.remove(blob);
            remove(entry);
        }
    }

    /** Removes what nobody asks for any more. */
    private void remove(Entry entry) throws IOException {
        if (entry.users == 0 && entry.uses == USES) {
            Files.deleteIfExists(entry.blob.file());
        }
    }

    /** How many different ones there were so far. */
    synchronized long made() {
        return made;
    }
}
