// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {ITariffs} from "../../contracts/interfaces/ITariffs.sol";
import {SlotSchedule} from "../../contracts/libraries/SlotSchedule.sol";
import {MockGridTopology} from "../../contracts/mocks/MockGridTopology.sol";
import {Tariffs} from "../../contracts/transaction-chain/energy/Tariffs.sol";
import {FeederTerms, RuleSet} from "../../contracts/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

contract TariffsTest is MarketFixture {
    uint24 private constant FEEDER = 3;
    uint24 private constant DISTRICT = 2;
    uint24 private constant CITY = 1;
    uint32 private constant FIRST = uint32((NOW + 48 hours) / LENGTH + 1);
    uint32 private constant MAX_PRICE = 2 ** 31 - 1;

    Tariffs private tariffs;
    address private supplier;
    address private successor;
    address private gridOperator;
    address private meteringOperator;

    function setUp() public {
        setUpMarket();
        supplier = makeAddr("supplier");
        successor = makeAddr("successor");
        gridOperator = makeAddr("grid operator");
        meteringOperator = makeAddr("metering operator");
        federation.admit(supplier, MemberRole.Supplier);
        federation.admit(successor, MemberRole.Supplier);
        topology.setPath(FEEDER, DISTRICT, CITY);
        topology.setEdgeFee(FEEDER, 20_000);
        topology.setEdgeFee(DISTRICT, 30_000);
        _setSupplier(0, supplier);
        tariffs = new Tariffs(IGridTopology(address(topology)), calendar, rules, IFederation(address(federation)));
    }

    // -------------------- terms

    function test_TermsOfASupplierThatNeverSetAPriceAreZero() public view {
        FeederTerms memory terms = tariffs.termsAt(FEEDER, FIRST);
        assertEq(terms.retail, 0);
        assertEq(terms.feedIn, 0);
        (bool isSet, , ) = tariffs.priceOf(supplier, FEEDER, FIRST);
        assertFalse(isSet);
    }

    function test_TermsNamePathPartiesAndFees() public view {
        FeederTerms memory terms = tariffs.termsAt(FEEDER, FIRST);
        assertEq(terms.district, DISTRICT);
        assertEq(terms.city, CITY);
        assertEq(terms.supplier, supplier);
        assertEq(terms.gridOperator, gridOperator);
        assertEq(terms.meteringOperator, meteringOperator);
        assertEq(terms.feederFee, 20_000);
        assertEq(terms.districtFee, 30_000);
    }

    function testFuzz_FeesInForceAreCapped(uint32 fee) public {
        topology.setEdgeFee(FEEDER, fee);
        topology.setEdgeFee(DISTRICT, fee);
        uint32 inForce = fee < 50_000 ? fee : 50_000;
        FeederTerms memory terms = tariffs.termsAt(FEEDER, FIRST);
        assertEq(terms.feederFee, inForce);
        assertEq(terms.districtFee, inForce);
        assertEq(tariffs.edgeFeeInForce(FEEDER, FIRST), inForce);
        assertEq(tariffs.edgeFeeInForce(CITY, FIRST), 0, "a city has no edge above it");
    }

    function testFuzz_PricesInForceAreCapped(uint32 retail, uint32 feedIn) public {
        retail = uint32(bound(retail, 0, MAX_PRICE));
        feedIn = uint32(bound(feedIn, 0, retail));
        _setStanding(FIRST, retail, feedIn);
        FeederTerms memory terms = tariffs.termsAt(FEEDER, FIRST);
        assertEq(terms.retail, retail < 1_000_000 ? retail : 1_000_000);
        assertEq(terms.feedIn, feedIn < terms.retail ? feedIn : terms.retail);
        assertLe(terms.feedIn, terms.retail);
    }

    function test_TheCapIsThatOfTheSlot() public {
        _setStanding(FIRST, 900_000, 850_000);
        RuleSet memory set = defaultRules();
        set.retailCap = 800_000;
        vm.prank(regulator);
        rules.setRules(set, FIRST + 2);
        assertEq(tariffs.termsAt(FEEDER, FIRST + 1).retail, 900_000);
        assertEq(tariffs.termsAt(FEEDER, FIRST + 2).retail, 800_000);
        assertEq(tariffs.termsAt(FEEDER, FIRST + 2).feedIn, 800_000);
    }

    // -------------------- standing price

    function test_StandingPriceHoldsFromItsSlotOn() public {
        vm.expectEmit(address(tariffs));
        emit ITariffs.StandingPriceSet(FEEDER, supplier, FIRST, 300_000, 120_000);
        _setStanding(FIRST, 300_000, 120_000);
        _assertPrice(supplier, FIRST - 1, false, 0, 0);
        _assertPrice(supplier, FIRST, true, 300_000, 120_000);
        _assertPrice(supplier, FIRST + 100_000, true, 300_000, 120_000);
    }

    function test_StandingPriceOfZeroIsAPrice() public {
        _setStanding(FIRST, 0, 0);
        _assertPrice(supplier, FIRST, true, 0, 0);
    }

    function test_StandingPriceReplacesWhatWasPlannedForLater() public {
        _setStanding(FIRST, 1, 1);
        _setStanding(FIRST + 10, 2, 2);
        _setStanding(FIRST + 5, 3, 3);
        _assertPrice(supplier, FIRST + 4, true, 1, 1);
        _assertPrice(supplier, FIRST + 10, true, 3, 3);
    }

    function testFuzz_RevertWhen_TheStandingPriceStartsInAnOpenSlot(uint32 fromSlot) public {
        fromSlot = uint32(bound(fromSlot, 0, FIRST - 1));
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, fromSlot, FIRST));
        _setStanding(fromSlot, 1, 0);
    }

    function testFuzz_RevertWhen_StandingFeedInIsAboveRetail(uint32 retail, uint32 feedIn) public {
        retail = uint32(bound(retail, 0, MAX_PRICE));
        feedIn = uint32(bound(feedIn, uint256(retail) + 1, type(uint32).max));
        vm.expectRevert(abi.encodeWithSelector(ITariffs.TariffsFeedInAboveRetail.selector, FIRST, retail, feedIn));
        _setStanding(FIRST, retail, feedIn);
    }

    function testFuzz_RevertWhen_ThePriceIsTooHigh(uint32 retail) public {
        retail = uint32(bound(retail, uint256(MAX_PRICE) + 1, type(uint32).max));
        vm.expectRevert(abi.encodeWithSelector(ITariffs.TariffsPriceTooHigh.selector, FIRST, retail, MAX_PRICE));
        _setStanding(FIRST, retail, 0);
    }

    function test_RevertWhen_TheCallerIsNoActiveSupplier() public {
        federation.setActive(supplier, false);
        _expectNotActive(supplier);
        federation.setActive(supplier, true);
        federation.setRole(supplier, MemberRole.Supplier, false);
        _expectNotActive(supplier);
        _expectNotActive(gridOperator);
        _expectNotActive(regulator);
    }

    function test_RevertWhen_TheCallerSuppliesAnotherFeeder() public {
        vm.expectRevert(abi.encodeWithSelector(ITariffs.TariffsNotSupplierOfFeeder.selector, successor, FEEDER, FIRST));
        vm.prank(successor);
        tariffs.setStandingPrice(FEEDER, FIRST, 1, 0);
    }

    // -------------------- slot prices

    function testFuzz_SlotPricesHoldInTheirSlotsOnly(uint32 start, uint8 count, uint256 seed) public {
        start = FIRST + (start % 1000);
        count = uint8(bound(count, 1, 192));
        _setStanding(FIRST, 77, 7);
        (uint32[] memory retail, uint32[] memory feedIn) = _prices(count, seed);
        vm.expectEmit(address(tariffs));
        emit ITariffs.SlotPricesSet(FEEDER, supplier, start, retail, feedIn);
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, start, retail, feedIn);
        for (uint32 i = 0; i < count; ++i) _assertPrice(supplier, start + i, true, retail[i], feedIn[i]);
        if (start > FIRST) _assertPrice(supplier, start - 1, true, 77, 7);
        _assertPrice(supplier, start + count, true, 77, 7);
    }

    function test_SlotPricesAreSetOverAndLeaveTheirNeighbours() public {
        (uint32[] memory retail, uint32[] memory feedIn) = _prices(8, 1);
        vm.startPrank(supplier);
        tariffs.setPrices(FEEDER, FIRST, retail, feedIn);
        tariffs.setPrices(FEEDER, FIRST + 3, _one(5), _one(4));
        vm.stopPrank();
        _assertPrice(supplier, FIRST + 2, true, retail[2], feedIn[2]);
        _assertPrice(supplier, FIRST + 3, true, 5, 4);
        _assertPrice(supplier, FIRST + 4, true, retail[4], feedIn[4]);
    }

    function test_APriceBindsOnlyTheSupplierThatSetIt() public {
        _setSupplier(FIRST + 4, successor);
        _setSupplier(FIRST + 6, supplier);
        _setStanding(FIRST, 300_000, 100_000);
        (uint32[] memory retail, uint32[] memory feedIn) = _prices(8, 2);
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, FIRST, retail, feedIn);
        vm.prank(successor);
        tariffs.setStandingPrice(FEEDER, FIRST + 5, 200_000, 1);
        assertEq(tariffs.termsAt(FEEDER, FIRST + 3).retail, retail[3]);
        assertEq(tariffs.termsAt(FEEDER, FIRST + 4).retail, 0, "the successor has set none");
        assertEq(tariffs.termsAt(FEEDER, FIRST + 5).retail, 200_000);
        assertEq(tariffs.termsAt(FEEDER, FIRST + 6).retail, retail[6]);
        assertEq(tariffs.termsAt(FEEDER, FIRST + 8).retail, 300_000);
    }

    function test_RevertWhen_TheCallerSuppliesOnlyTheFirstOrLastSlot() public {
        _setSupplier(FIRST + 4, successor);
        (uint32[] memory retail, uint32[] memory feedIn) = _prices(5, 3);
        vm.expectRevert(
            abi.encodeWithSelector(ITariffs.TariffsNotSupplierOfFeeder.selector, supplier, FEEDER, FIRST + 4)
        );
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, FIRST, retail, feedIn);
        vm.expectRevert(
            abi.encodeWithSelector(ITariffs.TariffsNotSupplierOfFeeder.selector, successor, FEEDER, FIRST + 3)
        );
        vm.prank(successor);
        tariffs.setPrices(FEEDER, FIRST + 3, retail, feedIn);
    }

    function testFuzz_RevertWhen_ASlotIsOpen(uint32 firstSlot) public {
        firstSlot = uint32(bound(firstSlot, 0, FIRST - 1));
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, firstSlot, FIRST));
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, firstSlot, _one(1), _one(1));
    }

    function test_RevertWhen_PricesAreNoneTooManyOrUnequal() public {
        _expectBadLength(0, 0);
        _expectBadLength(193, 193);
        _expectBadLength(2, 1);
        _expectBadLength(1, 2);
    }

    function test_RevertWhen_OneSlotPriceIsBad() public {
        (uint32[] memory retail, uint32[] memory feedIn) = _prices(6, 4);
        feedIn[4] = retail[4] + 1;
        vm.expectRevert(
            abi.encodeWithSelector(ITariffs.TariffsFeedInAboveRetail.selector, FIRST + 4, retail[4], feedIn[4])
        );
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, FIRST, retail, feedIn);
        _assertPrice(supplier, FIRST, false, 0, 0);
    }

    function test_RevertWhen_SlotPricesAreSetByASuspendedSupplier() public {
        federation.setActive(supplier, false);
        vm.expectRevert(abi.encodeWithSelector(ITariffs.TariffsNotActiveSupplier.selector, supplier));
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, FIRST, _one(1), _one(1));
    }

    function test_TermsOfAnOpenSlotAreFixed() public {
        _setStanding(FIRST, 300_000, 100_000);
        skip(LENGTH);
        bytes32 terms = keccak256(abi.encode(tariffs.termsAt(FEEDER, FIRST)));
        _setStanding(FIRST + 1, 1, 0);
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, FIRST + 1, _one(2), _one(2));
        assertEq(keccak256(abi.encode(tariffs.termsAt(FEEDER, FIRST))), terms);
    }

    // -------------------- helpers

    function _setSupplier(uint32 fromSlot, address account) private {
        topology.setParties(FEEDER, MockGridTopology.Parties(fromSlot, account, gridOperator, meteringOperator));
    }

    function _setStanding(uint32 fromSlot, uint32 retail, uint32 feedIn) private {
        vm.prank(supplier);
        tariffs.setStandingPrice(FEEDER, fromSlot, retail, feedIn);
    }

    function _assertPrice(address account, uint32 slot, bool isSet, uint32 retail, uint32 feedIn) private view {
        (bool set, uint32 r, uint32 f) = tariffs.priceOf(account, FEEDER, slot);
        assertEq(set, isSet, "set");
        assertEq(r, retail, "retail");
        assertEq(f, feedIn, "feed-in");
    }

    function _expectNotActive(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(ITariffs.TariffsNotActiveSupplier.selector, caller));
        vm.prank(caller);
        tariffs.setStandingPrice(FEEDER, FIRST, 1, 0);
    }

    function _expectBadLength(uint256 retailCount, uint256 feedInCount) private {
        vm.expectRevert(abi.encodeWithSelector(ITariffs.TariffsBadLength.selector, retailCount, feedInCount, 192));
        vm.prank(supplier);
        tariffs.setPrices(FEEDER, FIRST, new uint32[](retailCount), new uint32[](feedInCount));
    }

    /// Prices below the cap.
    function _prices(
        uint256 count,
        uint256 seed
    ) private pure returns (uint32[] memory retail, uint32[] memory feedIn) {
        retail = new uint32[](count);
        feedIn = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            retail[i] = uint32(random % 999_999);
            feedIn[i] = uint32((random >> 128) % (retail[i] + 1));
        }
    }

    function _one(uint32 price) private pure returns (uint32[] memory prices) {
        prices = new uint32[](1);
        prices[0] = price;
    }
}
