package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.store.BlobFailure;
import io.pantala.store.NoRoomException;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.Opening.PassThrough.Reason;
import io.pantala.swarm.UpstreamRefusal;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.Have;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.control.SeedLink;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.Voucher;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one download of a blob in this process, whoever waits for it. All that happens to it is an event in its mailbox;
 * its thread takes one at a time and alone touches its state.
 */
final class Download implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Download.class);

    /** Events that may wait before the seed counts as saying too much. */
    private static final int MAILBOX = 1 << 14;

    private static final long NEVER = Long.MAX_VALUE;
    private static final int NONE = 0;

    /** So often at most a seed is told where readers are. */
    private static final long READERS_ANEW = Duration.ofMillis(300).toNanos();

    /** Where the conversation with the seed stands. */
    private enum Stage {
        /** It has not acknowledged the want. */
        ASKED,
        /** It has, and finds out what comes of it. */
        ACCEPTED,
        /** It tells hashes as it learns them. */
        FOLLOWING,
        /** The link is lost, and may come back. */
        LOST
    }

    private final BlobKey key;
    private final Surroundings around;
    private final Consumer<Download> onEnd;
    private final BlockingQueue<Event> mailbox = new LinkedBlockingQueue<>();
    private final long start = System.nanoTime();

    // Guarded by this.
    private final List<Interest> interests = new ArrayList<>();
    private @Nullable StoredBlob opened;
    private boolean ended;

    // The thread's own. Deadlines are in nanoseconds after the start.
    private final Set<SeedLink> passedOver = new HashSet<>();
    private @Nullable Conversation seed;
    private Stage stage = Stage.ASKED;
    private long stageEnds = NEVER;
    private long rejoinEnds = NEVER;
    private long graceEnds = NEVER;
    private int questions = NONE;
    private boolean sealedBySeed;
    private boolean checked;
    private @Nullable Assembly assembly;
    private int countAtFailure = -1;
    private boolean released;
    private boolean over;

    /** @param onEnd called once nobody can join any more */
    Download(BlobKey key, Surroundings around, Consumer<Download> onEnd) {
        this.key = key;
        this.around = around;
        this.onEnd = onEnd;
    }

    // Interests, from any thread

    /** Another party's interest; null when the download has ended. */
    @Nullable
    Fill join(FillRequest request) {
        Interest interest = new Interest(request, this::leave);
        StoredBlob lease;
        synchronized (this) {
            if (ended) {
                return null;
            }
            interests.add(interest);
            lease = opened == null ? null : opened.share();
        }
        if (lease != null) {
            interest.open(lease);
        }
        mailbox.add(new Event.InterestsChanged());
        mailbox.add(new Event.Joined(request));
        return interest;
    }

    private void leave(Interest interest) {
        synchronized (this) {
            interests.remove(interest);
        }
        mailbox.add(new Event.InterestsChanged());
    }

    private synchronized List<Interest> interests() {
        return List.copyOf(interests);
    }

    void stop() {
        mailbox.add(new Event.Stopped());
    }

    // The thread

    @Override
    public void run() {
        try {
            if (!isInStore()) {
                around.links().settled().get();
                askNextSeed("no seed can be reached");
                while (!over) {
                    long looked = System.nanoTime();
                    startTransfers();
                    Event event = nextEvent(looked);
                    if (event != null) {
                        handle(event);
                    }
                    if (mailbox.isEmpty()) {
                        meetDeadlines();
                    }
                }
            }
        } catch (InterruptedException | ExecutionException | RuntimeException e) {
            LOG.warn("The download of {} ended unexpectedly", key, e);
            giveUp("of an unexpected error");
        } finally {
            end();
        }
    }

    private void startTransfers() {
        if (assembly == null || seed == null || seed.ticket == null) {
            return;
        }
        if (stage == Stage.LOST) {
            assembly.fetchFromHolders(seed.ticket);
        } else {
            assembly.fetchOrdered(seed.link.address(), seed.ticket);
            if (mailbox.isEmpty()) {
                tell(seed, assembly);
            }
        }
    }

    /** What the seed conducts by. */
    private void tell(Conversation conversation, Assembly about) {
        List<Report> reports = about.takeReports();
        if (!reports.isEmpty()) {
            conversation.link.send(new ControlMessage.Reports(key, reports));
        }
        if (conversation.ready && System.nanoTime() - conversation.readersTold > READERS_ANEW) {
            List<Integer> readers = about.readers();
            if (!readers.equals(conversation.readers)) {
                conversation.readers = readers;
                conversation.readersTold = System.nanoTime();
                conversation.link.send(new ControlMessage.Reading(key, readers));
            }
        }
    }

    /** Ready for orders, once it is known what is held, and to the seed that the blob is wanted. */
    private void tellReady() {
        Conversation conversation = seed;
        if (conversation != null
                && !conversation.ready
                && stage == Stage.FOLLOWING
                && assembly != null
                && assembly.isReady()) {
            conversation.ready = true;
            StoredBlob blob = assembly.blob();
            conversation.link.send(new Have(key, blob.layout(), blob.held()));
        }
    }

    private boolean isInStore() {
        Optional<StoredBlob> found = around.store().find(key);
        if (found.isPresent() && found.get().sealed()) {
            publish(found.get());
            return true;
        }
        found.ifPresent(StoredBlob::close);
        return false;
    }

    private void handle(Event event) {
        switch (event) {
            case Event.Said(SeedLink link, AboutBlob message) -> {
                if (isCurrent(link) && stage != Stage.LOST) {
                    heard(message);
                }
            }
            case Event.LinkUp(SeedLink link) -> {
                if (isCurrent(link) && stage == Stage.LOST) {
                    ask(link);
                }
            }
            case Event.LinkDown(SeedLink link, String why) -> {
                if (isCurrent(link)) {
                    linkLost(why);
                }
            }
            case Event.Rechecked(Optional<String> trouble) -> rechecked(trouble);
            case Event.Fetched fetched -> fetched(fetched);
            case Event.Checked(WholeCheck.Outcome outcome) -> checked(outcome);
            case Event.CredentialLookedFor(int question, Optional<Authorization> newer) -> {
                if (seed != null && seed.openQuestion == question) {
                    answerCredential(seed, newer);
                }
            }
            case Event.InterestsChanged _ -> {
                if (!interests().isEmpty()) {
                    graceEnds = NEVER;
                } else if (graceEnds == NEVER) {
                    graceEnds = in(around.config().grace());
                }
            }
            case Event.Joined(FillRequest request) -> {
                if (seed != null) {
                    seed.tellOf(request);
                }
            }
            case Event.Stopped _ -> giveUp("this host is shutting down");
        }
    }

    private void heard(AboutBlob message) {
        switch (message) {
            case ControlMessage.Accepted _ -> {
                if (stage == Stage.ASKED) {
                    enter(Stage.ACCEPTED, around.config().open());
                }
            }
            case ControlMessage.Opened(BlobKey _, BlockLayout layout) -> opened(layout);
            case ControlMessage.Granted(BlobKey _, Ticket ticket) -> Objects.requireNonNull(seed).ticket = ticket;
            case ControlMessage.Refused(BlobKey _, UpstreamRefusal refusal) -> refused(refusal);
            case ControlMessage.PassThrough(BlobKey _, Reason reason) -> seedCantStore(reason);
            case ControlMessage.Unavailable(BlobKey _, String reason) -> passOver(reason);
            case ControlMessage.Hashes hashes -> learn(hashes);
            case ControlMessage.Orders(BlobKey _, List<Order> orders) -> {
                if (assembly != null && !assembly.ordered(orders)) {
                    passOver("it orders blocks that there are not");
                }
            }
            case ControlMessage.Sealed(BlobKey _, Optional<Voucher> voucher) -> {
                voucher.ifPresent(given -> around.vouchers().keep(key, given));
                sealedBySeed = true;
                if (assembly != null) {
                    assembly.blob().prove();
                }
                sealIfComplete();
            }
            case ControlMessage.Failed(BlobKey _, BlobFailure failure) -> failedBySeed(failure);
            case ControlMessage.Recall _ -> {
                // Answered by the link.
            }
            case ControlMessage.CredentialWanted(BlobKey _, String challenge) -> lookForCredential(challenge);
            case ControlMessage.Want _,
                    ControlMessage.Credential _,
                    ControlMessage.Joined _,
                    ControlMessage.Leave _,
                    ControlMessage.Have _,
                    ControlMessage.Reading _,
                    ControlMessage.Recalled _,
                    ControlMessage.Reports _ -> {
                // Only hosts say these.
            }
        }
    }

    /**
     * Null when a deadline comes first. Most of the time there is none, and a wait without one costs much less.
     *
     * @param looked when it was last looked whether something is to be done
     */
    private @Nullable Event nextEvent(long looked) throws InterruptedException {
        long next = Math.min(stageEnds, graceEnds);
        long deadline = assembly == null ? NEVER : assembly.nextDeadline(looked);
        if (deadline != NEVER) {
            next = Math.min(next, deadline - start);
        }
        return next == NEVER ? mailbox.take() : mailbox.poll(next - (System.nanoTime() - start), TimeUnit.NANOSECONDS);
    }

    private void meetDeadlines() {
        long now = System.nanoTime() - start;
        if (!over && now >= stageEnds) {
            switch (stage) {
                case ASKED -> noAnswer(Objects.requireNonNull(seed));
                case ACCEPTED -> passOver("it could not tell in time what comes of it");
                case LOST -> passOver("its link was lost and did not come back");
                case FOLLOWING -> stageEnds = NEVER;
            }
        }
        if (!over && now >= graceEnds) {
            abandon();
        }
    }

    /** One that answers others is asked by many at once, and takes its time. */
    private void noAnswer(Conversation conversation) {
        long heard =
                conversation.link.lastHeard() - start + around.config().accept().toNanos();
        long latest = conversation.wanted + around.config().open().toNanos();
        stageEnds = Math.min(heard, latest);
        if (System.nanoTime() - start >= stageEnds) {
            passOver("it hangs: no answer in time");
        }
    }

    private void enter(Stage next, Duration most) {
        stage = next;
        stageEnds = in(most);
    }

    private long in(Duration time) {
        return System.nanoTime() - start + time.toNanos();
    }

    // Seeds

    private boolean isCurrent(SeedLink link) {
        return seed != null && seed.link == link;
    }

    /** Turns to the best seed that was not given up yet; without one, gives up for the reason given. */
    private void askNextSeed(String otherwise) {
        around.links().ranked(key.digest()).stream()
                .filter(link -> !passedOver.contains(link) && !around.liars().contains(link.address(), key))
                .findFirst()
                .ifPresentOrElse(this::ask, () -> giveUp(otherwise));
    }

    private void ask(SeedLink link) {
        List<Interest> waiting = interests();
        if (waiting.isEmpty()) {
            abandon();
            if (!over) {
                ask(link);
            }
            return;
        }
        if (!isCurrent(link)) {
            seed = new Conversation(link);
            link.watch(key, seed);
        }
        FillRequest request = waiting.getLast().request();
        Conversation conversation = Objects.requireNonNull(seed);
        conversation.asked = request;
        conversation.ready = false;
        conversation.lastSent = forLink(link, request.credentials().current());
        sealedBySeed = false;
        conversation.wanted = System.nanoTime() - start;
        enter(Stage.ASKED, around.config().accept());
        if (!link.send(new ControlMessage.Want(
                key, request.repository(), request.content(), conversation.lastSent, request.requestId()))) {
            linkLost("its link was lost");
            return;
        }
        waiting.forEach(interest -> conversation.tellOf(interest.request()));
    }

    /** What an engine has entrusted to this host doesn't go over a network for all to read. */
    private static Authorization forLink(SeedLink link, Authorization credential) {
        return link.isConfidential() ? credential : Authorization.ANONYMOUS;
    }

    private void linkLost(String why) {
        if (assembly == null) {
            passOver(why);
        } else {
            assembly.sourceLost();
            // Whoever answers at this address next has not asked for a credential.
            Objects.requireNonNull(seed).openQuestion = NONE;
            stage = Stage.LOST;
            rejoinEnds = Math.min(rejoinEnds, in(around.config().rejoin()));
            stageEnds = rejoinEnds;
        }
    }

    private void passOver(String why) {
        SeedLink given = Objects.requireNonNull(seed).link;
        around.listener().seedPassedOver(key, given.address(), why);
        passedOver.add(given);
        leaveSeed();
        if (assembly != null) {
            assembly.sourceLost();
        }
        askNextSeed("seed " + given.address() + ": " + why);
    }

    /** A seed that has lost some of a whole blob can mend it: it is wanted again, for as long as that brings something. */
    private void failedBySeed(BlobFailure failure) {
        Assembly begun = assembly;
        boolean lost = sealedBySeed && failure instanceof BlobFailure.Interrupted;
        if (lost && begun != null && begun.count() > countAtFailure) {
            countAtFailure = begun.count();
            begun.sourceLost();
            ask(Objects.requireNonNull(seed).link);
        } else {
            fail(failure);
        }
    }

    private void leaveSeed() {
        if (seed != null) {
            seed.link.leave(key, seed);
            seed = null;
        }
    }

    /** What this download and a seed say to one another. */
    private final class Conversation implements SeedLink.Watcher {
        private final SeedLink link;
        private @Nullable FillRequest asked;
        private Authorization lastSent = Authorization.ANONYMOUS;

        /** The number of the one for a newer credential that it waits for an answer to. */
        private int openQuestion = NONE;

        private long wanted;
        private @Nullable Ticket ticket;
        private int ticketsRefused;
        private boolean ready;
        private List<Integer> readers = List.of(0);
        private long readersTold = System.nanoTime() - READERS_ANEW;

        Conversation(SeedLink link) {
            this.link = link;
        }

        /** For the seed's log: the want that it has heard was of another request. */
        void tellOf(FillRequest request) {
            if (asked != null && !asked.requestId().equals(request.requestId())) {
                link.send(new ControlMessage.Joined(key, request.requestId()));
            }
        }

        @Override
        public boolean received(AboutBlob message) {
            return mailbox.size() < MAILBOX && mailbox.add(new Event.Said(link, message));
        }

        @Override
        public void up() {
            mailbox.add(new Event.LinkUp(link));
        }

        @Override
        public void down(String why) {
            mailbox.add(new Event.LinkDown(link, why));
        }
    }

    // What comes of the want

    private void opened(BlockLayout layout) {
        if (assembly == null) {
            create(layout);
        } else if (!assembly.blob().layout().equals(layout)) {
            passOver("it says that the blob has another size");
            return;
        }
        if (!over) {
            stage = Stage.FOLLOWING;
            stageEnds = NEVER;
            rejoinEnds = NEVER;
            tellReady();
        }
    }

    private void create(BlockLayout layout) {
        if (layout.size() == 0 && !key.digest().equals(Digest.EMPTY_SHA256)) {
            passOver("it says that the blob is empty");
            return;
        }
        if (!around.store().fits(layout.size())) {
            cantStore(Reason.LARGER_THAN_QUOTA);
            return;
        }
        StoredBlob blob;
        try {
            blob = around.store().create(key, layout);
        } catch (NoRoomException e) {
            cantStore(Reason.NO_ROOM);
            return;
        } catch (IOException e) {
            LOG.warn("No blob can be stored: {}", e.toString());
            cantStore(Reason.DISK_ERROR);
            return;
        }
        assembly = new Assembly(blob, around, mailbox::add);
        assembly.recheck();
        publish(blob.share());
    }

    /** Takes over the lease. */
    private void publish(StoredBlob blob) {
        List<Interest> waiting;
        synchronized (this) {
            opened = blob;
            waiting = List.copyOf(interests);
        }
        waiting.forEach(interest -> interest.open(blob.share()));
    }

    /** Others, and this host itself, may have the room that it lacks; but nobody knows the length before the end. */
    private void seedCantStore(Reason reason) {
        switch (reason) {
            case NO_LENGTH -> cantStore(reason);
            case LARGER_THAN_QUOTA, NO_ROOM, DISK_ERROR -> passOver("it can't store the blob: " + reason);
        }
    }

    private void cantStore(Reason reason) {
        if (assembly == null) {
            conclude(new Opening.PassThrough(reason));
        } else {
            passOver("it can't store the blob: " + reason);
        }
    }

    /** A refusal concerns those who would be refused alike; others may be allowed what these are not. */
    private void refused(UpstreamRefusal refusal) {
        if (assembly != null) {
            fail(new BlobFailure.Interrupted("the registry refused with status " + refusal.status()));
            return;
        }
        Conversation conversation = Objects.requireNonNull(seed);
        FillRequest asked = Objects.requireNonNull(conversation.asked);
        List<Interest> concerned = interests().stream()
                .filter(interest -> interest.request().equals(asked)
                        || (interest.request().repository().equals(asked.repository())
                                && forLink(
                                                conversation.link,
                                                interest.request().credentials().current())
                                        .equals(conversation.lastSent)))
                .toList();
        synchronized (this) {
            interests.removeAll(concerned);
            ended = interests.isEmpty();
        }
        concerned.forEach(interest -> interest.conclude(refusal(interest, conversation, refusal)));
        if (ended) {
            over = true;
        } else {
            ask(conversation.link);
        }
    }

    /** The registry has refused to an anonymous seed what it may grant to the engine's credential. */
    private static Opening refusal(Interest interest, Conversation conversation, UpstreamRefusal refusal) {
        boolean withheld = !conversation.link.isConfidential()
                && !interest.request().credentials().current().isAnonymous();
        return withheld
                ? new Opening.Unavailable(
                        "its registry asks for a credential, which may not leave this host in plain text")
                : new Opening.Refused(refusal);
    }

    // Credentials

    private void lookForCredential(String challenge) {
        Conversation conversation = Objects.requireNonNull(seed);
        FillRequest asked = conversation.asked;
        if (conversation.openQuestion != NONE || asked == null) {
            return;
        }
        if (!conversation.link.isConfidential()) {
            conversation.link.send(new ControlMessage.Credential(key, Optional.empty()));
            return;
        }
        int question = ++questions;
        conversation.openQuestion = question;
        Authorization rejected = conversation.lastSent;
        List<Interest> candidates = interests().stream()
                .filter(interest -> interest.request().repository().equals(asked.repository()))
                .toList()
                .reversed();
        Thread.startVirtualThread(
                () -> mailbox.add(new Event.CredentialLookedFor(question, newer(candidates, rejected, challenge))));
    }

    private Optional<Authorization> newer(List<Interest> candidates, Authorization rejected, String challenge) {
        for (Interest candidate : candidates) {
            Authorization current = candidate.request().credentials().current();
            if (!current.equals(rejected)) {
                return Optional.of(current);
            }
        }
        long end = in(around.config().credential());
        for (Interest candidate : candidates) {
            if (System.nanoTime() - start > end) {
                break;
            }
            Optional<Authorization> newer = candidate.request().credentials().newerThan(rejected, challenge);
            if (newer.isPresent()) {
                return newer;
            }
        }
        return Optional.empty();
    }

    private void answerCredential(Conversation conversation, Optional<Authorization> newer) {
        conversation.openQuestion = NONE;
        newer.ifPresent(authorization -> conversation.lastSent = authorization);
        conversation.link.send(new ControlMessage.Credential(key, newer));
    }

    // Blocks

    private void learn(ControlMessage.Hashes hashes) {
        if (assembly == null) {
            passOver("it tells hashes of a blob it has not opened");
        } else if (!assembly.learn(hashes)) {
            contradiction();
        }
    }

    private void rechecked(Optional<String> trouble) {
        if (trouble.isPresent()) {
            diskFails(trouble.get());
        } else if (!Objects.requireNonNull(assembly).rechecked()) {
            contradiction();
        } else {
            tellReady();
            sealIfComplete();
        }
    }

    /** Blocks are held that are not what the seed says they must be: one of the two is wrong, and which can't be told. */
    private void contradiction() {
        around.store().drop(key);
        fail(new BlobFailure.Interrupted("what was stored contradicts the seed, and was dropped"));
    }

    private void fetched(Event.Fetched fetched) {
        Flight flight = fetched.flight();
        boolean current = seed != null
                && stage == Stage.FOLLOWING
                && (flight.peer.isPresent() || seed.link.address().equals(flight.from));
        switch (Objects.requireNonNull(assembly).landed(flight, fetched.outcome(), current)) {
            case Assembly.Verdict.GoesOn _ -> sealIfComplete();
            case Assembly.Verdict.SourceFails(String why) -> passOver(why);
            case Assembly.Verdict.TicketRefused(Ticket ticket) -> ticketRefused(Objects.requireNonNull(seed), ticket);
            case Assembly.Verdict.DiskFails(String why) -> diskFails(why);
        }
    }

    /** Wants the blob again, for the sake of another ticket. Blocks that were asked for with an older one say nothing. */
    private void ticketRefused(Conversation conversation, Ticket ticket) {
        if (!ticket.equals(conversation.ticket)) {
            return;
        }
        if (++conversation.ticketsRefused >= around.config().tries()) {
            passOver("it refuses the tickets that it gives");
            return;
        }
        conversation.ticket = null;
        Objects.requireNonNull(assembly).sourceLost();
        ask(conversation.link);
    }

    /** A seed that has vouched for other bytes is not asked for this blob again. */
    private void checked(WholeCheck.Outcome outcome) {
        switch (outcome) {
            case WholeCheck.Outcome.Whole(Digest got)
            when got.equals(key.digest()) -> {
                checked = true;
                sealIfComplete();
            }
            case WholeCheck.Outcome.Whole(Digest got) -> {
                if (seed != null) {
                    around.liars().add(seed.link.address(), key);
                    around.listener().mismatch(key, seed.link.address(), got);
                }
                fail(new BlobFailure.DigestMismatch(key.digest(), got));
            }
            case WholeCheck.Outcome.Unreadable(String why) -> diskFails(why);
        }
    }

    private void sealIfComplete() {
        if (sealedBySeed && checked && assembly != null && assembly.isComplete() && seed != null) {
            StoredBlob blob = assembly.blob();
            blob.seal();
            around.listener().sealed(key, blob.layout().size(), Duration.ofNanos(System.nanoTime() - start));
            // Also to the seeds that would take over.
            Have all = new Have(key, blob.layout(), blob.held());
            around.links().ranked(key.digest()).forEach(link -> link.send(all));
            over = true;
        }
    }

    // Ends

    private void diskFails(String why) {
        LOG.warn("The disk fails {}: {}", key, why);
        fail(new BlobFailure.Interrupted("the disk failed: " + why));
    }

    private void giveUp(String why) {
        if (assembly == null) {
            around.listener().unavailable(key, why);
            conclude(new Opening.Unavailable(why));
        } else {
            fail(new BlobFailure.Interrupted(why));
        }
    }

    private void fail(BlobFailure failure) {
        if (assembly == null) {
            giveUp(failure.toString());
            return;
        }
        synchronized (this) {
            ended = true;
        }
        release();
        around.listener().interrupted(key, failure.toString());
        if (failure instanceof BlobFailure.DigestMismatch) {
            around.store().drop(key);
        }
        assembly.blob().fail(failure);
        over = true;
    }

    /** Tells everyone who still waits, none of whom was given the blob. */
    private void conclude(Opening outcome) {
        List<Interest> waiting;
        synchronized (this) {
            ended = true;
            waiting = List.copyOf(interests);
        }
        release();
        waiting.forEach(interest -> interest.conclude(outcome));
        over = true;
    }

    /** Makes way for another download of this blob; before that, its own end is told. */
    private void release() {
        if (!released) {
            released = true;
            around.listener().ended(key);
            onEnd.accept(this);
        }
    }

    /** Everyone has left, unless someone has just come. */
    private synchronized void abandon() {
        if (interests.isEmpty()) {
            ended = true;
            over = true;
        }
    }

    private void end() {
        StoredBlob lease;
        synchronized (this) {
            ended = true;
            lease = opened;
            opened = null;
        }
        release();
        leaveSeed();
        if (lease != null) {
            lease.close();
        }
        if (assembly != null) {
            assembly.close();
        }
    }
}
