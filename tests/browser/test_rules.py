"""The rules in a browser: edited, checked, tried, saved; comments of the file stay."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.serving import Served

HOSTILE = "<img src=x onerror=alert(1)> </script>\"'&: {[*&!|>%@`"


@pytest.fixture
def rules(page: Page, viewer: Served) -> Page:
    """The page, its picture chosen."""
    page.goto(f"{viewer.origin}/p/example/rules?run={viewer.run.run_id}&i=2")
    expect(page.get_by_role("button", name="Try on iteration 2")).to_be_visible()
    return page


def criterion(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem", name=f"criterion {name}", exact=True)


def names(page: Page) -> list[str]:
    fields = page.locator(".rule-list").first.locator(".rule-name input")
    return [str(fields.nth(at).input_value()) for at in range(fields.count())]


def saved(page: Page) -> None:
    """Save, by way of the difference."""
    page.keyboard.press("Control+s")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The rules are saved.")).to_be_visible()
    expect(page.locator(".rule-state")).to_have_text("As in the file")


def test_a_question_is_edited_and_saved_and_every_comment_stays(rules: Page, viewer: Served) -> None:
    before = viewer.project.rules.read_text()
    criterion(rules, "mist").get_by_label("Question").fill("Is there fog over the land?")
    expect(rules.locator(".rule-state")).to_have_text("Not saved yet")
    rules.keyboard.press("Control+s")
    dialog = rules.get_by_role("dialog")
    expect(dialog.locator("del")).to_have_text(re.compile("Is there mist or fog"))
    expect(dialog.locator("ins")).to_have_text(re.compile("Is there fog over the land"))
    dialog.get_by_role("button", name="Go on editing").click()
    saved(rules)
    after = viewer.project.rules.read_text()
    assert after == before.replace("Is there mist or fog over the land?", "Is there fog over the land?")


def test_a_message_stands_beside_its_field_and_leads_there(rules: Page) -> None:
    least = criterion(rules, "still_this_picture").get_by_label("At least")
    least.fill("4")
    message = criterion(rules, "still_this_picture").get_by_text("similarity lies between 0 and 1")
    expect(message).to_be_visible()
    expect(least).to_have_attribute("aria-invalid", "true")
    rules.keyboard.press("Control+s")  # nothing is saved with errors: the list of them is shown
    expect(rules.get_by_role("dialog")).to_have_count(0)
    rules.get_by_role("region", name="What is wrong").get_by_role("button").click()
    expect(least).to_be_focused()
    least.fill("0.5")
    expect(message).to_have_count(0)
    expect(rules.get_by_role("region", name="What is wrong")).to_be_hidden()


def test_rules_are_tried_on_a_picture_without_being_saved(rules: Page, viewer: Served) -> None:
    before = viewer.project.rules.read_text()
    criterion(rules, "still_this_picture").get_by_label("At least").fill("0.999")
    rules.get_by_role("button", name="Try on iteration 2").click()
    verdict = criterion(rules, "still_this_picture").locator(".rule-verdict")
    expect(verdict).to_contain_text("failed")
    expect(verdict).to_contain_text("recorded: passed")
    expect(criterion(rules, "sunset_sky").locator(".rule-verdict")).to_contain_text("as recorded")
    expect(rules.get_by_text("embedded/measurements")).to_be_visible()
    assert viewer.project.rules.read_text() == before


def test_a_verdict_of_another_text_is_not_said_of_this_one(rules: Page) -> None:
    """Also where the form is made anew; taken back, the text is the one that was tried."""
    least = criterion(rules, "still_this_picture").get_by_label("At least")
    before = least.input_value()
    rules.get_by_role("button", name="Try on iteration 2").click()
    verdict = criterion(rules, "still_this_picture").locator(".rule-verdict")
    expect(verdict).to_contain_text("as recorded")
    old = rules.get_by_text("for the text before your change")
    expect(old).to_have_count(0)
    least.fill("0.999")
    expect(verdict).to_contain_text("for the text before your change")
    expect(rules.locator(".try-outcome")).to_contain_text("For the text before your change.")
    least.fill(before)
    expect(old).to_have_count(0)
    rules.get_by_role("tab", name="Text").click()
    text = rules.get_by_label("config/rules.yaml")
    text.fill(text.input_value().replace("project:\n", "project:   # mine\n"))
    rules.get_by_role("tab", name="Form").click()
    expect(verdict).to_contain_text("for the text before your change")
    rules.get_by_role("button", name="Try on iteration 2").click()
    expect(verdict).to_contain_text("as recorded")
    expect(old).to_have_count(0)


def test_entries_come_go_move_and_come_back(rules: Page, viewer: Served) -> None:
    before = viewer.project.rules.read_text()
    rules.get_by_role("button", name="Add a criterion").click()
    expect(criterion(rules, "new_criterion").get_by_label("Name")).to_be_focused()
    rules.keyboard.type("stars")
    rules.keyboard.press("Tab")
    rules.keyboard.type("Are there stars?")
    criterion(rules, "stars").get_by_role("button", name="Move this criterion up").click()
    assert names(rules)[-2:] == ["stars", "still_this_picture"]
    criterion(rules, "sharp").get_by_role("button", name="Remove this criterion").click()
    expect(criterion(rules, "sharp")).to_have_count(0)
    rules.get_by_role("button", name="Bring back sharp").click()
    expect(criterion(rules, "sharp")).to_have_count(1)
    saved(rules)
    after = viewer.project.rules.read_text()
    added = "  - field: stars\n    question: Are there stars?\n\n"
    assert added in after and after.replace(added, "") == before


def test_a_criterion_is_dragged(rules: Page) -> None:
    expect(rules.locator(".rule-state")).to_have_text("As in the file")
    criterion(rules, "sunset_sky").locator(".grip").hover()  # waits until it stands still
    target = criterion(rules, "warm_light").bounding_box()
    assert target is not None
    rules.mouse.down()
    rules.mouse.move(target["x"] + 300, target["y"] + target["height"] * 0.5, steps=4)
    for moved in range(200):  # the cards make room while the mouse is over them
        rules.mouse.move(target["x"] + 300 + moved % 3, target["y"] + target["height"] * 0.8)
        if names(rules)[0] == "warm_light":
            break
    rules.mouse.up()
    expect(rules.locator(".rule-state")).to_have_text("Not saved yet")
    assert names(rules)[:2] == ["warm_light", "sunset_sky"]


def test_terms_are_chips_and_a_renamed_criterion_is_renamed_where_it_is_meant(
    rules: Page, viewer: Served
) -> None:
    mist = criterion(rules, "mist")
    mist.get_by_text("Terms, weight").click()
    depends = mist.get_by_role("combobox", name="Depends on")
    depends.fill("warm_light")
    depends.press("Enter")
    mist.get_by_role("button", name="Remove light fog").click()
    criterion(rules, "warm_light").get_by_label("Name").fill("golden_light")
    expect(rules.get_by_role("region", name="What is wrong")).to_be_hidden()
    saved(rules)
    after = viewer.project.rules.read_text()
    assert "    must_include: []\n" in after and "    depends_on: [golden_light]\n" in after


def test_form_and_text_stay_in_step(rules: Page, viewer: Served) -> None:
    criterion(rules, "mist").get_by_label("Question").fill("Fog?")
    rules.get_by_role("tab", name="Text").click()
    text = rules.get_by_label("config/rules.yaml")
    expect(text).to_have_value(re.compile("question: Fog[?]\n"))
    text.fill(text.input_value().replace("project:\n", "project:   # mine\n").replace("Fog?", "Is it foggy?"))
    rules.get_by_role("tab", name="Form").click()
    expect(criterion(rules, "mist").get_by_label("Question")).to_have_value("Is it foggy?")
    criterion(rules, "mist").get_by_label("Question").fill("Mist?")
    saved(rules)
    after = viewer.project.rules.read_text()
    assert "project:   # mine\n" in after and "question: Mist?\n" in after and "# --- preserve" in after


def test_a_broken_file_opens_as_text_and_can_be_mended(page: Page, viewer: Served) -> None:
    sound = viewer.project.rules.read_text()
    viewer.project.rules.write_text(sound.replace("name: misty_evening", "name: [misty"))
    page.goto(f"{viewer.origin}/p/example/rules")
    text = page.get_by_label("config/rules.yaml")
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text("line 7")
    text.fill(sound)
    expect(page.get_by_role("region", name="What is wrong")).to_be_hidden()
    page.get_by_role("tab", name="Form").click()
    expect(criterion(page, "mist")).to_be_visible()
    saved(page)


def test_hostile_text_is_literal(rules: Page, viewer: Served) -> None:
    question = criterion(rules, "mist").get_by_label("Question")
    question.fill(HOSTILE)
    saved(rules)
    rules.reload()
    expect(question).to_have_value(HOSTILE)
    mist = criterion(rules, "mist")
    mist.get_by_text("Terms, weight").click()
    terms = mist.get_by_role("textbox", name="In the prompt while this fails")
    terms.fill(HOSTILE)
    terms.press("Enter")
    expect(mist.locator(".chip").filter(has_text=HOSTILE)).to_be_visible()
    rules.keyboard.press("Control+s")
    expect(rules.get_by_role("dialog").locator("ins")).to_contain_text("onerror")
    assert rules.locator("img[src=x]").count() == 0


def test_two_tabs_conflict_and_neither_is_lost_unseen(rules: Page, viewer: Served) -> None:
    before = viewer.project.rules.read_text()
    viewer.project.rules.write_text(before.replace("max_iterations: 12", "max_iterations: 5"))
    criterion(rules, "mist").get_by_label("Question").fill("Fog?")
    rules.keyboard.press("Control+s")
    rules.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    dialog = rules.get_by_role("dialog", name="The rules were changed somewhere else")
    expect(dialog.locator("del").first).to_contain_text("max_iterations: 5")
    dialog.get_by_role("button", name="Take theirs").click()
    expect(rules.get_by_label("Iterations at most")).to_have_value("5")
    expect(rules.locator(".rule-state")).to_have_text("As in the file")


def test_what_is_not_saved_is_asked_about_and_kept(rules: Page) -> None:
    criterion(rules, "mist").get_by_label("Question").fill("Fog?")
    rules.get_by_role("link", name="Skip to the content").press("Enter")
    expect(rules.get_by_role("main")).to_be_focused()  # that leaves nothing
    rules.get_by_role("link", name="Runs").click()
    rules.get_by_role("dialog").get_by_role("button", name="Leave").click()
    expect(rules).to_have_url(re.compile(r"/p/example$"))
    rules.get_by_role("link", name="Rules").click()
    expect(criterion(rules, "mist").get_by_label("Question")).to_have_value("Fog?")
    expect(rules.locator(".rule-state")).to_have_text("Not saved yet")


def test_rules_are_begun_where_there_are_none(page: Page, viewer: Served) -> None:
    viewer.project.rules.unlink()
    page.goto(f"{viewer.origin}/p/example/rules")
    expect(page.get_by_text("No criteria yet")).to_be_visible()
    expect(page.get_by_text("iterativectl rules suggest").first).to_be_visible()
    page.get_by_label("Name", exact=True).first.fill("evening")
    page.get_by_role("button", name="Add a criterion").click()
    page.keyboard.type("dusk")
    page.keyboard.press("Tab")
    page.keyboard.type("Is it dusk?")
    saved(page)
    text = "project: {name: evening}\n\nacceptance_criteria:\n  - field: dusk\n    question: Is it dusk?\n"
    assert viewer.project.rules.read_text() == text
