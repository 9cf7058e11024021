package io.pantala.seed.backfill;

import io.pantala.store.StoredBlob;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All who want one blob. The registry is asked as the first of them; once it has refused that one, as the next: what one
 * credential may not read another may.
 */
final class Parties {
    private final List<Party> present = new ArrayList<>();
    private final List<Party> refused = new ArrayList<>();
    private @Nullable Party speaker;
    private @Nullable Supplier<Opening> outcome;

    void add(Party party) {
        Supplier<Opening> known;
        synchronized (this) {
            present.add(party);
            known = outcome;
        }
        if (known != null) {
            party.tell(known.get());
        }
    }

    synchronized void remove(Party party) {
        present.remove(party);
        refused.remove(party);
    }

    synchronized boolean isEmpty() {
        return present.isEmpty();
    }

    /** As whom the registry is asked; also one who has left, as long as nobody else is here. Empty: all are refused. */
    synchronized Optional<FillRequest> speaker() {
        if (speaker == null || !present.contains(speaker)) {
            Party next = present.stream()
                    .filter(party -> !refused.contains(party))
                    .findFirst()
                    .orElse(null);
            if (next != null || !present.isEmpty()) {
                speaker = next;
            }
        }
        return Optional.ofNullable(speaker).map(Party::request);
    }

    /** The registry has refused this one, and so everyone who would ask for the same in the same way. */
    void refuse(FillRequest who, UpstreamRefusal refusal) {
        List<Party> same;
        synchronized (this) {
            same = present.stream()
                    .filter(party -> !refused.contains(party))
                    .filter(party -> party.request().equals(who)
                            || (party.request().repository().equals(who.repository())
                                    && party.request()
                                            .credentials()
                                            .current()
                                            .equals(who.credentials().current())))
                    .toList();
            refused.addAll(same);
            speaker = null;
        }
        same.forEach(party -> party.tell(new Opening.Refused(refusal)));
    }

    /** The blob comes, for all who are here and all who will be, each with a lease of its own. */
    void open(StoredBlob blob) {
        tell(() -> new Opening.Opened(blob.share()));
    }

    /** What becomes of it, for all who are here and all who will be. */
    void tell(Supplier<Opening> opening) {
        List<Party> all;
        synchronized (this) {
            outcome = opening;
            all = List.copyOf(present);
        }
        all.forEach(party -> party.tell(opening.get()));
    }
}
