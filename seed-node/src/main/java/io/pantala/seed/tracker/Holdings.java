package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.transport.control.ControlMessage.Have;
import io.pantala.transport.control.ControlMessage.Recall;
import io.pantala.transport.control.ControlMessage.Recalled;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Which hosts have said that they hold all of a blob, whether anybody wants it now or not. Soft: it is bounded, and hosts
 * tell it anew to every seed that they are linked to. Owned by the owner's thread.
 */
final class Holdings {
    private static final int MOST_BLOBS = 100_000;

    /** More sources than that of one blob need not be known beforehand. */
    private static final int MOST_HOSTS = 256;

    /** By blob, the one told of last is the last. */
    private final SequencedMap<BlobKey, List<Holding>> byBlob = new LinkedHashMap<>();

    /** Who waits to hear of a blob. */
    private final Map<BlobKey, List<Runnable>> waiting = new HashMap<>();

    /** Who waits for what hosts can show of a blob. */
    private final Map<BlobKey, Recalling> recalling = new HashMap<>();

    /** One host's. */
    record Holding(Guest guest, Have have) {}

    /** Who was asked and has not answered yet. */
    private record Recalling(Set<Guest> asked, Consumer<Recalled> answers) {}

    void add(Guest guest, Have have) {
        if (!have.blocks().isFull() || guest.peer().isEmpty()) {
            return;
        }
        List<Holding> holdings = byBlob.getOrDefault(have.key(), new ArrayList<>());
        holdings.removeIf(each -> each.guest.equals(guest) || each.guest.isGone());
        if (holdings.size() < MOST_HOSTS) {
            holdings.add(new Holding(guest, have));
        }
        byBlob.putLast(have.key(), holdings);
        if (byBlob.size() > MOST_BLOBS) {
            byBlob.pollFirstEntry();
        }
        List<Runnable> told = waiting.remove(have.key());
        if (told != null) {
            told.forEach(Runnable::run);
        }
    }

    /** Runs this as soon as a host says that it holds all of a blob. */
    void whenTold(BlobKey key, Runnable then) {
        waiting.computeIfAbsent(key, _ -> new ArrayList<>()).add(then);
    }

    /** Nobody waits any more to hear of it. */
    void enough(BlobKey key) {
        waiting.remove(key);
    }

    /** Asks these hosts what they can show of a blob, and gives it what each answers first, until told to forget it. */
    void recall(BlobKey key, List<Holding> holders, Consumer<Recalled> answers) {
        recalling.put(
                key,
                new Recalling(
                        holders.stream().map(Holding::guest).collect(Collectors.toCollection(HashSet::new)), answers));
        holders.forEach(holder -> holder.guest.send(new Recall(key)));
    }

    /** A host that was not asked, or says more than that, is not heard: answers are large, and wait in memory. */
    void recalled(Guest guest, Recalled answer) {
        Recalling waits = recalling.get(answer.key());
        if (waits != null && waits.asked.remove(guest)) {
            waits.answers.accept(answer);
        }
    }

    void forget(BlobKey key, Consumer<Recalled> answers) {
        recalling.computeIfPresent(key, (_, waits) -> waits.answers.equals(answers) ? null : waits);
    }

    List<Holding> of(BlobKey key) {
        List<Holding> holdings = byBlob.getOrDefault(key, List.of());
        return holdings.stream().filter(each -> !each.guest.isGone()).toList();
    }

    /** It turned out that it doesn't. */
    void remove(Guest guest, BlobKey key) {
        List<Holding> holdings = byBlob.get(key);
        if (holdings != null) {
            holdings.removeIf(each -> each.guest.equals(guest));
        }
    }

    /** Forgets hosts that have gone. */
    void purge() {
        byBlob.values().forEach(holdings -> holdings.removeIf(each -> each.guest.isGone()));
        byBlob.values().removeIf(List::isEmpty);
    }
}
